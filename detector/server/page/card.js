// One card among the results: a picture, as each of the chosen models reads it.

import { ReadError, inTurn, readPicture } from "./api.js";
import { copyOf } from "./dom.js";
import { openPicture } from "./picture.js";
import { uprightSize } from "./reading.js";
import { View } from "./view.js";

export class Card {
  /** file: a File. limits: what the server takes. onchange: called when something has been read, or not. */
  constructor(file, { limits, onchange, onremove }) {
    this.file = file;
    this.limits = limits;
    this.onchange = onchange;
    this.views = new Map();
    this.shown = [];
    this.gone = new AbortController();
    this.element = copyOf("card-template");
    this.element.querySelector("h3").textContent = file.name;
    this.element.querySelector("[data-remove]").setAttribute("aria-label", `Remove ${file.name}`);
    this.element.querySelector("[data-remove]").onclick = () => onremove(this);
    this.image = openPicture(file);
  }

  /** Shows what these models read. What was read before is not asked for again. */
  choose(models, threshold) {
    for (const model of models) if (!this.views.has(model)) this.start(model);
    this.shown = models.map((model) => this.views.get(model));
    this.element.querySelector(".views").replaceChildren(...this.shown.map((view) => view.element));
    this.element.classList.toggle("compared", models.length > 1);
    this.at(threshold);
  }

  /** threshold: what the slider says at the moment; null is each model's own. */
  at(threshold) {
    this.threshold = threshold;
    for (const view of this.shown) view.at(threshold);
  }

  get waiting() {
    return this.shown.some((view) => view.element.dataset.state === "waiting");
  }

  /** What is shown, as records; nothing of what failed. */
  get records() {
    return this.shown.flatMap((view) => view.record ?? []);
  }

  remove() {
    this.gone.abort();
    this.element.remove();
  }

  start(model) {
    const view = new View(this.file, model, () => this.read(model, view), (threshold) => this.tables(model, threshold));
    this.views.set(model, view);
    this.read(model, view);
  }

  /** The tables in the picture, as one model reads it. The server is asked when somebody wants them. */
  async tables(model, threshold) {
    const ask = { tables: "true", ...(threshold === null ? {} : { min_score: threshold }) };
    const { record } = await inTurn(() =>
      readPicture(this.file, { model, name: this.file.name, signal: this.gone.signal, ask }));
    return record.tables;
  }

  async read(model, view) {
    view.waiting("Waiting for its turn …");
    const image = this.image.then((opened) => view.show(opened));
    try {
      this.checkSize();
      const answer = await inTurn(() => {
        this.gone.signal.throwIfAborted();
        view.waiting("Reading …");
        return readPicture(this.file, {
          model,
          name: this.file.name,
          signal: this.gone.signal,
          onwait: () => view.waiting("The server is busy: trying again …"),
        });
      });
      await image;
      view.read(answer, this.threshold);
      const [width, height] = uprightSize(answer.record);
      this.element.querySelector(".size").textContent = `${width} × ${height}`;
    } catch (error) {
      if (error.name === "AbortError") return;
      const known = error instanceof ReadError;
      view.failed(known ? error.message : `This page failed to show it: ${error.message}.`, error.again);
      if (!known) console.error(error);
    }
    this.onchange();
  }

  /** A server may hang up on what is too large before it answers, which would look as if it were not there. */
  checkSize() {
    const most = this.limits?.max_upload_bytes;
    if (!(this.file.size > most)) return;
    const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
    const sizes = `has ${megabytes(this.file.size)}, and this server takes ${megabytes(most)}`;
    throw new ReadError(`${this.file.name} ${sizes}: send a smaller one.`);
  }
}
