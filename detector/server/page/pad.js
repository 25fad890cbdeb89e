// A sheet to write on with finger, pen or mouse.

const WIDTH = 640; // of the sheet in units, and of the picture in pixels: enough to read, and quick to send
const NIB = 11; // units

/** Strokes on a canvas. Each is a list of {x, y, width} in units; onchange is called when one ends or goes. */
export class Pad {
  constructor(canvas, onchange) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.strokes = [];
    this.onchange = onchange;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    canvas.addEventListener("pointerup", (event) => this.end(event));
    canvas.addEventListener("pointercancel", (event) => this.end(event, true));
    canvas.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) this.undo();
    });
    new ResizeObserver(() => this.fit()).observe(canvas);
  }

  get width() {
    return WIDTH;
  }

  get height() {
    return Math.round((WIDTH * this.canvas.clientHeight) / this.canvas.clientWidth);
  }

  undo() {
    if (this.pointer === undefined && this.strokes.pop()) this.changed();
  }

  clear() {
    if (this.pointer !== undefined) return; // a stroke is under way
    this.strokes = [];
    this.changed();
  }

  /** What is written, as a PNG. */
  picture() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.width, this.height];
    paint(canvas.getContext("2d"), this.strokes, 1);
    // Synchronous: toBlob waits until the browser is idle, which takes long while one writes.
    const [, base64] = canvas.toDataURL("image/png").split(",");
    return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: "image/png" });
  }

  begin(event) {
    if (this.pointer !== undefined || event.button !== 0) return; // one pointer at a time: a palm beside the pen draws nothing
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.strokes.push([this.point(event)]);
    dot(this.pen, this.strokes.at(-1)[0], this.scale);
    this.canvas.dispatchEvent(new Event("begin"));
  }

  go(event) {
    if (event.pointerId !== this.pointer) return;
    const stroke = this.strokes.at(-1);
    // One event may hold several measured points; drawing all of them makes a rounder line.
    for (const one of event.getCoalescedEvents?.() ?? []) this.add(stroke, this.point(one));
    this.add(stroke, this.point(event));
  }

  end(event, cancelled = false) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    if (cancelled) this.strokes.pop(); // the browser used the touch for a gesture
    this.changed();
  }

  add(stroke, point) {
    const last = stroke.at(-1);
    if (Math.hypot(point.x - last.x, point.y - last.y) < 1) return;
    stroke.push(point);
    segment(this.pen, stroke, stroke.length - 2, this.scale); // only to the middle: the curve beyond depends on the next point
  }

  point({ clientX, clientY, pointerType, pressure }) {
    const frame = this.canvas.getBoundingClientRect();
    const unit = WIDTH / frame.width;
    const width = pointerType === "pen" ? NIB * (0.5 + pressure) : NIB; // others report no pressure worth using
    return { x: (clientX - frame.left) * unit, y: (clientY - frame.top) * unit, width };
  }

  changed() {
    paint(this.pen, this.strokes, this.scale);
    this.onchange();
  }

  fit() {
    const sharp = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * sharp);
    this.canvas.height = Math.round(this.canvas.clientHeight * sharp);
    this.scale = this.canvas.width / WIDTH;
    paint(this.pen, this.strokes, this.scale);
  }
}

function paint(pen, strokes, scale) {
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
  for (const stroke of strokes) {
    if (stroke.length === 1) dot(pen, stroke[0], scale);
    stroke.forEach((_, i) => segment(pen, stroke, i, scale));
  }
}

function dot(pen, { x, y, width }, scale) {
  pen.fillStyle = INK;
  pen.beginPath();
  pen.arc(x * scale, y * scale, (width * scale) / 2, 0, 2 * Math.PI);
  pen.fill();
}

/** The part of a stroke around its point i: a parabola from the middle before it to the middle after it. */
function segment(pen, stroke, i, scale) {
  const [before, at, after] = [stroke[i - 1] ?? stroke[i], stroke[i], stroke[i + 1] ?? stroke[i]];
  const middle = (a, b) => [((a.x + b.x) / 2) * scale, ((a.y + b.y) / 2) * scale];
  pen.strokeStyle = INK;
  pen.lineWidth = at.width * scale;
  pen.lineCap = "round";
  pen.beginPath();
  pen.moveTo(...middle(before, at));
  pen.quadraticCurveTo(at.x * scale, at.y * scale, ...middle(at, after));
  pen.stroke();
}

const INK = "#1b1f2e";
