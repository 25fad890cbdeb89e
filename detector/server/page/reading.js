// Functions of what was read: without DOM and without requests.

/** How sure a score is, from the least on: told by colour and by dashes, blue against orange, for every eye. */
export const STEPS = [
  { from: 0, label: "under 50 %", colour: "#c4320a", dash: [2, 3] },
  { from: 0.5, label: "50–80", colour: "#e08600", dash: [6, 3] },
  { from: 0.8, label: "80–95", colour: "#2e90d1", dash: [] },
  { from: 0.95, label: "from 95 %", colour: "#1b4fd0", dash: [] },
];

/** Of the boxes of signs, however sure. */
export const SIGN = { colour: "#8628b4", dash: [] };

/** The number of a score's step in STEPS. */
export const step = (score) => STEPS.findLastIndex(({ from }) => score >= from);

/** A score as people read it; only certainty itself is 100 %. */
export const percent = (score) => `${score < 1 ? Math.min(99.9, score * 100).toFixed(score < 0.95 ? 0 : 1) : 100} %`;

export const milliseconds = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/**
 * A record as `infer.py --json --min-score threshold` writes it, out of the server's with its sweep.
 *
 * Without a threshold, or a sweep, it is the record at the model's own.
 */
export function readAt({ digits, sweep, ...record }, threshold) {
  // Thresholds are written in hundredths, and 0.15 is not always 3 * 0.05.
  const entry = threshold === null ? null : sweep?.findLast(({ min_score }) => min_score <= threshold + 1e-6);
  if (!entry) return record;
  const { text, lines, written, signs } = entry;
  return { ...record, text, lines, written, signs };
}

/** All digits of a record in reading order. */
export const digitsOf = (record) => record.lines.flatMap((line) => line.numbers).flatMap((number) => number.digits);

/** All that has a box: the digits in reading order, then the signs. */
export const boxed = (record) => [...digitsOf(record), ...record.signs];

/** What a box holds, in a word. */
export const named = ({ digit, sign }) => String(sign ?? digit);

/** [width, height] of a record's picture when it stands upright. */
export const uprightSize = ({ width, height, turned }) => (turned % 180 ? [height, width] : [width, height]);

/** A box x0, y0, x1, y1 of a record's picture, in pixels of that picture turned upright. */
export function uprightBox([x0, y0, x1, y1], { width, height, turned }) {
  if (turned === 90) return [height - y1, x0, height - y0, x1];
  if (turned === 180) return [width - x1, height - y1, width - x0, height - y0];
  if (turned === 270) return [y0, width - x1, y1, width - x0];
  return [x0, y0, x1, y1];
}

/** The box around the boxes of digits. */
export const around = (digits) =>
  [Math.min, Math.min, Math.max, Math.max].map((pick, k) => pick(...digits.map(({ box }) => box[k])));

const COLUMNS = ["file", "line", "number", "text", "score", "x0", "y0", "x1", "y1", "written", "value"];

/** Records as `infer.py --csv` writes them: a row for each number, its box around all its digits. */
export function toCSV(records) {
  const rows = records.flatMap((record) =>
    record.lines.flatMap((line, i) =>
      line.numbers.map(({ text, score, digits, written, value }, j) => {
        const box = around(digits).map(decimal);
        return [record.file, i + 1, j + 1, text, decimal(score), ...box, written, value === null ? "" : decimal(value)];
      })));
  return [COLUMNS, ...rows].map((row) => row.map(quoted).join(",") + "\r\n").join("");
}

/** Tables of a file as `infer.py --table` writes them: of several, each below the file's name, an empty line between. */
export const tablesToCSV = (file, tables) =>
  tables.map(({ rows }) => {
    const texts = rows.map((row) => row.map(({ text }) => text));
    return [...(tables.length > 1 ? [[file]] : []), ...texts].map((row) => row.map(quoted).join(",") + "\r\n").join("");
  }).join("\r\n");

/** One record for people to look at, several as JSON Lines. */
export const toJSON = (records) =>
  records.map((one) => JSON.stringify(one, null, records.length === 1 ? 2 : 0) + "\n").join("");

const decimal = (value) => (Number.isInteger(value) ? value.toFixed(1) : String(value));
const quoted = (field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
