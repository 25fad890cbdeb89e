// Boxes over a picture: coloured by score, selected by pointer and arrow keys.

import { arrowKeys, drawn } from "./dom.js";
import { SIGN, STEPS, named, percent, step } from "./reading.js";

const NEAR = 16; // screen pixels: a pointer this near selects a small digit, as fingers are wide
const LEGIBLE = 16; // screen pixels: boxes from this height on have a label
const SMALL = 30; // screen pixels: boxes up to this height have thin lines

/** Boxes in an svg that lies over a picture and scales with it. onactive(index or -1) is told what is pointed at. */
export class Marks {
  constructor(svg, onactive = () => {}) {
    this.svg = svg;
    this.boxes = [];
    this.onactive = onactive;
    arrowKeys(svg, ".digit");
    svg.addEventListener("pointermove", (event) => onactive(this.nearest(event)));
    svg.addEventListener("pointerleave", () => onactive(this.focused()));
    svg.addEventListener("click", (event) => {
      const near = this.nearest(event);
      if (near < 0) document.activeElement?.blur();
      else svg.children[near].focus({ preventScroll: true });
      onactive(near);
    });
    svg.addEventListener("focusin", () => onactive(this.focused()));
    svg.addEventListener("focusout", () => onactive(-1));
    new ResizeObserver(() => this.measure()).observe(svg);
  }

  /** Shows boxes [{box, digit or sign, score}] in pixels of a picture of this size. */
  set(width, height, digits) {
    this.width = width;
    this.boxes = digits.map(({ box }) => box);
    this.heights = digits.filter(({ sign }) => !sign).map(({ box: [, y0, , y1] }) => y1 - y0).sort((a, b) => a - b);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...digits.map((digit, i) => mark(digit, i === 0)));
    this.measure();
  }

  /** Makes those at these places stand out. */
  light(indices) {
    this.svg.classList.toggle("lit", indices.length > 0);
    [...this.svg.children].forEach((group, i) => group.classList.toggle("on", indices.includes(i)));
  }

  /** Letters keep their size on the screen however large the picture is. */
  measure() {
    const unit = this.width / (this.svg.clientWidth || this.width); // picture pixels in one screen pixel
    this.unit = unit;
    this.svg.style.setProperty("--unit", unit);
    const usual = this.heights?.[this.heights.length >> 1];
    this.svg.classList.toggle("small", usual / unit < SMALL);
    const gap = (this.svg.classList.contains("small") ? 1.5 : 3) * unit;
    [...this.svg.children].forEach((group, i) => {
      const [x0, y0, x1, y1] = this.boxes[i];
      const [halo, frame, label] = group.children;
      // Outside the box, so that the line covers no ink.
      const sides = { x: x0 - gap, y: y0 - gap, width: x1 - x0 + 2 * gap, height: y1 - y0 + 2 * gap };
      for (const [key, value] of Object.entries(sides)) for (const one of [halo, frame]) one.setAttribute(key, value);
      label.setAttribute("visibility", (y1 - y0) / unit >= LEGIBLE ? "visible" : "hidden");
      // Above the box; inside it at the picture's upper edge.
      label.setAttribute("y", y0 > 19 * unit ? y0 - 6 * unit : y0 + 14 * unit);
    });
  }

  focused() {
    return [...this.svg.children].indexOf(document.activeElement);
  }

  /** The place of the box at or near a pointer, the smaller of two; -1 where there is none. */
  nearest({ clientX, clientY }) {
    const frame = this.svg.getBoundingClientRect();
    const x = (clientX - frame.left) * this.unit;
    const y = (clientY - frame.top) * this.unit;
    let best = -1;
    let least = Infinity;
    this.boxes.forEach(([x0, y0, x1, y1], i) => {
      const away = Math.hypot(Math.max(x0 - x, 0, x - x1), Math.max(y0 - y, 0, y - y1)) / this.unit;
      const cost = away + 1e-6 * (x1 - x0) * (y1 - y0);
      if (away <= NEAR && cost < least) [best, least] = [i, cost];
    });
    return best;
  }
}

function mark(one, first) {
  const { box: [x0, , x1], score } = one;
  const { colour, dash } = one.sign ? SIGN : STEPS[step(score)];
  const label = `${named(one)}, score ${percent(score)}`;
  return drawn(
    "g",
    { class: one.sign ? "digit sign" : "digit", tabindex: first ? 0 : -1, role: "img", "aria-label": label },
    drawn("rect", { class: "halo" }), // keeps a box visible on dark ink, paper and black
    drawn("rect", { class: "box", stroke: colour, "stroke-dasharray": dash.join(" ") }),
    drawn("text", { x: (x0 + x1) / 2, fill: colour, class: "label", "aria-hidden": true }, named(one)),
  );
}
