// The drawing on the pad, which is read after each stroke.

import { ReadError, readPicture } from "./api.js";
import { byId, element } from "./dom.js";
import { Marks } from "./marks.js";
import { Pad } from "./pad.js";
import { boxed, milliseconds, percent, readAt } from "./reading.js";

export class Drawing {
  /** onkeep: called with a File of what is written when it shall stay among the results. */
  constructor(onkeep) {
    this.models = [];
    this.answers = new Map();
    this.kept = 0;
    this.pad = new Pad(byId("ink"), () => this.read());
    this.marks = new Marks(byId("paper").querySelector(".marks"));
    byId("ink").addEventListener("begin", () => byId("paper").classList.add("written"));
    byId("undo").onclick = () => this.pad.undo();
    byId("clear").onclick = () => this.pad.clear();
    byId("keep").onclick = () => {
      onkeep(new File([this.pad.picture()], `written-${++this.kept}.png`, { type: "image/png" }));
    };
    this.say();
  }

  choose(models, threshold) {
    this.models = models;
    this.threshold = threshold;
    if (models.some((model) => !this.answers.has(model))) this.read();
    else this.say();
  }

  at(threshold) {
    this.threshold = threshold;
    this.say();
  }

  /** Asks at once; whatever was asked of an older state of the sheet is given up. */
  read() {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    if (!this.pad.strokes.length) this.answers = new Map();
    this.say();
    if (!this.pad.strokes.length) return;
    const picture = this.pad.picture();
    for (const model of this.models) this.ask(model, picture, asked.signal);
  }

  async ask(model, picture, signal) {
    let answer;
    try {
      answer = await readPicture(picture, { model, signal });
    } catch (error) {
      if (!(error instanceof ReadError) && error.name !== "AbortError") console.error(error);
      answer = { error: error.message };
    }
    if (signal.aborted) return;
    this.answers.set(model, answer); // the last result stays until now, so that nothing flickers while one writes
    this.say();
  }

  say() {
    const written = this.pad.strokes.length > 0;
    byId("paper").classList.toggle("written", written);
    for (const id of ["undo", "clear", "keep"]) byId(id).disabled = !written;
    byId("drawn").replaceChildren(...this.models.map((model) => this.answer(model, written)));
    const first = this.answers.get(this.models[0]);
    const found = first?.record ? boxed(readAt(first.record, this.threshold)) : [];
    this.marks.set(this.pad.width, this.pad.height, found);
  }

  answer(model, written) {
    const { record, ms, roundTrip, error } = this.answers.get(model) ?? {};
    const parts = [];
    const say = (className, textContent) => parts.push(element("p", { className, textContent }));
    if (this.models.length > 1) say("model", model);
    if (!written) say("text none", "What is read appears here");
    else if (error) say("text error", error);
    else if (!record) say("text none", "Reading …");
    else {
      const read = readAt(record, this.threshold);
      const scores = read.lines.flatMap((line) => line.numbers).map(({ score }) => score);
      if (read.text) say("text", read.written);
      else say("text none", "No digits found in it yet");
      const sure = scores.length ? `${percent(Math.min(...scores))} sure · ` : "";
      say("times", `${sure}${milliseconds(ms)} reading, ${milliseconds(roundTrip)} in all`);
    }
    return element("div", { className: "answer" }, ...parts);
  }
}
