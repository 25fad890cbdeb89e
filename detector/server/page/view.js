// One picture as one model reads it: boxes, text, and what can be saved.

import { announce, arrowKeys, copy, copyOf, download, element } from "./dom.js";
import { Marks } from "./marks.js";
import { annotated, drawUpright } from "./picture.js";
import {
  around, boxed, milliseconds, named, percent, readAt, step, tablesToCSV, toCSV, toJSON, uprightBox, uprightSize,
} from "./reading.js";

export class View {
  /** retry: reads it again. table: gives its tables at a threshold, as records have them. */
  constructor(file, model, retry, table) {
    this.file = file;
    this.table = table;
    this.element = copyOf("view-template");
    this.part = (selector) => this.element.querySelector(selector);
    this.part(".model").textContent = model;
    this.element.setAttribute("aria-label", `Read by ${model}`);
    this.marks = new Marks(this.part(".marks"), (i) => this.point(i < 0 ? [] : [i]));
    this.part(".marks").setAttribute("aria-label", `Digits in ${file.name}: arrow keys go from one to the next`);
    this.part("[data-retry]").onclick = retry;
    this.offer();
    const lines = this.part(".lines");
    arrowKeys(lines, ".number");
    const within = ({ target }) => this.point(indicesOf(target));
    lines.addEventListener("pointerover", within);
    lines.addEventListener("focusin", within);
    lines.addEventListener("pointerleave", () => this.point(indicesOf(document.activeElement)));
    lines.addEventListener("focusout", () => this.point([]));
  }

  /** Shows the picture as soon as the browser has it, which is before it is read. */
  show(image) {
    this.image = image;
    this.element.toggleAttribute("data-picture", Boolean(image));
    if (image && !this.answer) {
      drawUpright(this.part(".picture > canvas"), image, { width: image.naturalWidth, height: image.naturalHeight });
    }
  }

  waiting(sentence) {
    this.state("waiting", sentence);
  }

  /** again: whether to offer to try it again. */
  failed(sentence, again) {
    this.state("failed", sentence);
    this.part("[data-retry]").hidden = !again;
    announce(sentence);
  }

  /** Shows what was read: an answer as api.js gives it. */
  read(answer, threshold) {
    this.answer = answer;
    const { record, runtime, ms, roundTrip } = answer;
    drawUpright(this.part(".picture > canvas"), this.image, record);
    this.element.toggleAttribute("data-picture", true); // even if it is only a blank sheet
    this.part(".times").textContent = `${milliseconds(ms)} reading, ${milliseconds(roundTrip)} in all · ${runtime}`;
    this.at(threshold);
    announce(this.record.text ? `${this.file.name}: ${this.record.written}` : this.part(".state").textContent);
  }

  /** Shows what remains at a threshold, or at the model's own without one. Nothing is asked of the server. */
  at(threshold) {
    if (!this.answer) return;
    this.threshold = threshold;
    this.record = readAt(this.answer.record, threshold);
    this.boxed = boxed(this.record).map((one) => ({ ...one, box: uprightBox(one.box, this.record) })); // digits first
    this.marks.set(...uprightSize(this.record), this.boxed);
    let next = 0;
    const shown = (number) => [this.number(number, (next += number.digits.length)), " "];
    const lines = this.record.lines.map(({ numbers }) => element("li", {}, ...numbers.flatMap(shown)));
    this.part(".lines").replaceChildren(...lines);
    this.part(".number")?.setAttribute("tabindex", 0);
    this.point([]);
    if (this.record.text) this.state("read", "");
    else this.state("empty", `No digits found in ${this.file.name}.`);
    this.note();
  }

  number({ written, score, rejected, digits }, end) {
    let next = 0;
    const letters = [...written].map((letter) => {
      const letterMade = element("span", { textContent: letter });
      if (!/[0-9?]/.test(letter)) return letterMade; // a sign
      letterMade.dataset.indices = end - digits.length + next;
      letterMade.dataset.step = step(digits[next++].score);
      return letterMade;
    });
    const made = element("span", { className: "number", tabIndex: -1 }, ...letters);
    const read = rejected ? "A number that is too unsure to be read" : written;
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", `${read}, score ${percent(score)}`);
    made.dataset.indices = digits.map((_, i) => end - digits.length + i).join(" ");
    made.dataset.score = score;
    return made;
  }

  /** Links text and picture: lights these digits up in both and says what they are. */
  point(indices) {
    this.marks.light(indices);
    for (const letter of this.part(".lines").querySelectorAll(".number > span")) {
      letter.classList.toggle("on", indices.includes(Number(letter.dataset.indices)));
    }
    const tip = this.part(".tip");
    tip.hidden = !indices.length;
    if (!indices.length) return;
    const box = around(indices.map((i) => this.boxed[i]));
    const [only] = indices.length === 1 ? indices : [];
    const whole = this.part(`.number[data-indices="${indices.join(" ")}"]`);
    const one = this.boxed[only];
    const [read, sureness] = one ? [named(one), one.score] : [whole.textContent, Number(whole.dataset.score)];
    tip.querySelector("span").textContent = `${read} · ${percent(sureness)}`;
    tip.querySelector("canvas").hidden = only === undefined;
    if (only !== undefined) this.enlarge(tip.querySelector("canvas"), box);
    const [width, height] = uprightSize(this.record);
    tip.style.left = `${(50 * (box[0] + box[2])) / width}%`;
    tip.classList.toggle("below", box[1] / height < 0.35);
    tip.style.top = `${(100 * (box[1] / height < 0.35 ? box[3] : box[1])) / height}%`;
    tip.dataset.side = tip.style.left && box[0] / width < 0.15 ? "left" : box[2] / width > 0.85 ? "right" : "";
  }

  /** A digit as large as it takes to see why it was read so: in big pictures they are tiny. */
  enlarge(canvas, [x0, y0, x1, y1]) {
    const source = this.part(".picture > canvas");
    const scale = source.width / uprightSize(this.record)[0];
    const side = Math.max(x1 - x0, y1 - y0) * 1.25 * scale;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    const corner = [((x0 + x1) / 2) * scale - side / 2, ((y0 + y1) / 2) * scale - side / 2];
    pen.drawImage(source, ...corner, side, side, 0, 0, canvas.width, canvas.height);
  }

  note() {
    const { turned } = this.record;
    const notes = [];
    const say = (sentence) => notes.push(sentence);
    if (turned) say(`Turned by ${turned}° to be read; boxes in JSON and CSV are in the picture as it was sent.`);
    if (!this.image) say("This browser cannot show this kind of picture: boxes stand on a blank sheet.");
    const best = this.answer.record.digits?.[0]?.score;
    if (!this.record.text && best >= 0.05) {
      say(`Something like a digit is there, with a score of ${percent(best)}: lower the threshold to see it.`);
    } else if (!this.record.text) {
      say("Larger or clearer writing may help: a sharp picture, taken from close by, in even light.");
    }
    this.part(".note").textContent = notes.join(" ");
    this.part(".note").hidden = !notes.length;
  }

  /** A note of now, until the next reading or threshold. */
  say(sentence) {
    this.part(".note").textContent = sentence;
    this.part(".note").hidden = false;
    announce(sentence);
  }

  state(name, sentence) {
    this.element.dataset.state = name;
    this.part(".state").textContent = sentence;
    this.part(".bar").hidden = name !== "waiting";
    this.part("[data-retry]").hidden = true;
    this.part(".reading > .buttons").hidden = name !== "read" && name !== "empty";
    this.part("[data-png]").disabled = !this.image;
    this.part("[data-copy]").disabled = name === "empty";
  }

  offer() {
    const stem = this.file.name.replace(/\.[^.]+$/, "");
    const save = {
      json: () => download(toJSON([this.record]), `${stem}.json`, "application/json"),
      csv: () => download(toCSV([this.record]), `${stem}.csv`, "text/csv"),
      png: async () => download(await annotated(this.image, this.record), `${stem}-read.png`),
    };
    for (const [kind, act] of Object.entries(save)) this.part(`[data-${kind}]`).onclick = act;
    const table = this.part("[data-table]");
    table.onclick = async () => {
      table.disabled = true;
      try {
        const tables = await this.table(this.threshold);
        if (tables.length) download(tablesToCSV(this.file.name, tables), `${stem}-table.csv`, "text/csv");
        else this.say(`No table found in ${this.file.name}: no numbers in rows and columns.`);
      } catch (error) {
        if (error.name !== "AbortError") this.say(error.message);
      } finally {
        table.disabled = false;
      }
    };
    const button = this.part("[data-copy]");
    button.onclick = async () => {
      await copy(this.record.written);
      button.textContent = "Copied";
      announce("The text is copied.");
      setTimeout(() => (button.textContent = "Copy text"), 1600);
    };
  }
}

const indicesOf = (target) =>
  (target?.closest?.("[data-indices]")?.dataset.indices ?? "").split(" ").filter(Boolean).map(Number);
