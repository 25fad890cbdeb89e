// Pictures as the browser shows them: opened, drawn upright, drawn with their boxes.

import { SIGN, STEPS, boxed, named, step, uprightBox, uprightSize } from "./reading.js";

const LARGEST = 1800; // pixels: the page shows no more, and phones have little memory
const LARGEST_SAVED = 4096;
const LEGIBLE = 28; // pixels: digits of a small picture are enlarged to about this height before boxes are drawn

/** The picture in a Blob, turned as its EXIF says, or null where this browser cannot show its kind. */
export async function openPicture(blob) {
  const image = new Image();
  const url = URL.createObjectURL(blob);
  try {
    image.src = url;
    await image.decode();
    return image;
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Draws a picture into a canvas, turned clockwise by quarters, at most `largest` pixels wide and high. */
export function drawUpright(canvas, image, { width, height, turned = 0 }, largest = LARGEST, enlarged = 1) {
  const scale = Math.min(enlarged, largest / Math.max(width, height));
  const [across, down] = uprightSize({ width, height, turned });
  canvas.width = Math.max(1, Math.round(across * scale));
  canvas.height = Math.max(1, Math.round(down * scale));
  const pen = canvas.getContext("2d");
  if (!image) {
    pen.fillStyle = "#f1efe8"; // a blank sheet, on which boxes and text can still be shown
    pen.fillRect(0, 0, canvas.width, canvas.height);
    return pen;
  }
  pen.imageSmoothingQuality = "high";
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate((turned * Math.PI) / 180);
  pen.drawImage(image, (-width * scale) / 2, (-height * scale) / 2, width * scale, height * scale);
  pen.resetTransform();
  return pen;
}

/** A PNG of the picture, upright, with each digit's and sign's box and what it was read as. */
export function annotated(image, record) {
  const found = boxed(record).map((one) => ({ ...one, box: uprightBox(one.box, record) }));
  const heights = found.filter(({ sign }) => !sign).map(({ box }) => box[3] - box[1]).sort((a, b) => a - b);
  const usual = heights[heights.length >> 1] ?? LEGIBLE;
  const canvas = document.createElement("canvas");
  const pen = drawUpright(canvas, image, record, LARGEST_SAVED, Math.max(1, Math.ceil(LEGIBLE / usual)));
  const scale = canvas.width / uprightSize(record)[0];
  const line = Math.max(2, Math.round((usual * scale) / 24));
  const letter = Math.min(Math.max(14, usual * scale * 0.45), 90);
  pen.font = `700 ${letter}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.lineJoin = "round";
  for (const one of found) {
    const [x0, y0, x1, y1] = one.box.map((side) => side * scale);
    const { colour, dash } = one.sign ? SIGN : STEPS[step(one.score)];
    const frame = [x0 - line / 2, y0 - line / 2, x1 - x0 + line, y1 - y0 + line]; // outside the box, so that the line covers no ink
    pen.setLineDash([]);
    stroke(pen, "#ffffffcc", line * 2, () => pen.strokeRect(...frame));
    pen.setLineDash(dash.map((part) => part * line));
    stroke(pen, colour, one.sign ? 1 : line, () => pen.strokeRect(...frame));
    pen.setLineDash([]);
    const above = y0 > letter + 2 * line ? y0 - 2 * line : y0 + letter;
    const at = [(x0 + x1) / 2, one.sign ? y1 + letter : above];
    stroke(pen, "#fff", letter / 5, () => pen.strokeText(named(one), ...at));
    pen.fillStyle = colour;
    pen.fillText(named(one), ...at);
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function stroke(pen, colour, width, draw) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  draw();
}
