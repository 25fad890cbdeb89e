// The page: settings, pictures, and their results as cards.

import { get } from "./api.js";
import { Card } from "./card.js";
import { byId, download, drawn, element } from "./dom.js";
import { Drawing } from "./drawing.js";
import { offerExamples, takePictures } from "./intake.js";
import { STEPS, percent, toCSV, toJSON } from "./reading.js";

const COMPARE = "compare"; // among the models: all of them, side by side

const settings = { models: [], limits: {}, chosen: "", threshold: null }; // a threshold of null is each model's own
const cards = [];
const drawing = new Drawing((file) => addPictures([file]));

const chosenModels = () =>
  settings.models.map(({ name }) => name).filter((name) => settings.chosen === COMPARE || name === settings.chosen);

function addPictures(files) {
  complain("");
  if (!settings.models.length) return complain("The server has not said what it can read with: try again.", start);
  const added = files.map((file) => new Card(file, { limits: settings.limits, onchange: report, onremove: remove }));
  cards.unshift(...added); // the newest first
  byId("cards").prepend(...added.map((card) => card.element));
  for (const card of added) card.choose(chosenModels(), settings.threshold);
  report();
  const gently = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("settings").scrollIntoView({ behavior: gently ? "smooth" : "auto", block: "start" });
}

function remove(card) {
  const at = cards.indexOf(card);
  cards.splice(at, 1);
  card.remove();
  report();
  // The focused button is gone: focus that of the next card, or where pictures are chosen.
  (cards[Math.min(at, cards.length - 1)]?.element.querySelector("[data-remove]") ?? byId("choose")).focus();
}

/** Says how far the reading is. */
function report() {
  const waiting = cards.filter((card) => card.waiting).length;
  byId("results").hidden = !cards.length;
  byId("progress").textContent = waiting ? `${cards.length - waiting} of ${cards.length} read` : `${cards.length} read`;
  for (const id of ["all-json", "all-csv"]) byId(id).hidden = cards.length < 2 || waiting > 0;
  byId("remove-all").hidden = cards.length < 2;
}

function choose(name) {
  settings.chosen = name;
  showThreshold();
  drawing.choose(chosenModels(), settings.threshold);
  for (const card of cards) card.choose(chosenModels(), settings.threshold);
  report();
}

function setThreshold(value) {
  settings.threshold = value;
  showThreshold();
  drawing.at(value);
  for (const card of cards) card.at(value);
}

function showThreshold() {
  const model = settings.models.find(({ name }) => name === settings.chosen) ?? settings.models[0];
  const value = settings.threshold ?? model?.min_score ?? 0.3;
  byId("threshold").value = value;
  byId("threshold").setAttribute("aria-valuetext", percent(value));
  byId("threshold-value").textContent = percent(value);
}

/** Shows a sentence about the whole page, with a way out where there is one; without a sentence, none. */
function complain(sentence, again) {
  const [text, button] = byId("banner").children;
  byId("banner").hidden = !sentence;
  text.textContent = sentence;
  button.textContent = again ? "Try again" : "Close";
  button.onclick = () => {
    complain("");
    again?.();
  };
}

function offerModels() {
  const names = settings.models.map(({ name }) => name);
  const option = (value, label) => {
    const input = element("input", { type: "radio", name: "model", value, checked: value === settings.chosen });
    input.onchange = () => choose(value);
    return element("label", {}, input, element("span", { textContent: label }));
  };
  const options = names.map((name) => option(name, name));
  if (names.length > 1) options.push(option(COMPARE, "Compare"));
  byId("models").replaceChildren(...options);
}

async function start() {
  try {
    const answer = await (await get("api/models")).json();
    settings.models = answer.models;
    settings.limits = answer.limits ?? {};
    settings.chosen = answer.default;
    offerModels();
    choose(answer.default);
    await offerExamples(addPictures, complain);
  } catch (error) {
    complain(error.message, start);
  }
}

function legend() {
  const line = ({ colour, dash }) => ({ stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash.join(" ") });
  const swatch = (one) =>
    drawn("svg", { viewBox: "0 0 22 16", width: 22, height: 16, "aria-hidden": true },
      drawn("rect", { x: 2, y: 2, width: 18, height: 12, rx: 1, fill: "#fff", ...line(one) }));
  document.querySelector(".legend ul").append(...STEPS.map((one) => element("li", {}, swatch(one), one.label)));
}

const everyRecord = () => cards.flatMap((card) => card.records);
byId("threshold").oninput = ({ target }) => setThreshold(Number(target.value));
byId("all-json").onclick = () => download(toJSON(everyRecord()), "read.jsonl", "application/jsonl");
byId("all-csv").onclick = () => download(toCSV(everyRecord()), "read.csv", "text/csv");
byId("remove-all").onclick = () => {
  for (const card of cards.splice(0)) card.remove();
  report();
  byId("choose").focus();
};
legend();
takePictures(addPictures, complain);
start();
