// All sources of pictures: chosen, dropped, pasted, from the camera, examples.

import { get } from "./api.js";
import { offerCamera } from "./camera.js";
import { announce, byId, element } from "./dom.js";

/** Brings every picture to onfiles(list of File); what brought none to onfail(sentence). */
export function takePictures(onfiles, onfail) {
  for (const id of ["files", "capture"]) {
    byId(id).onchange = ({ target }) => {
      onfiles([...target.files]);
      target.value = ""; // so that the same one can be chosen again
    };
  }
  byId("choose").onclick = () => byId("files").click();
  offerCamera((file) => onfiles([file]), onfail);
  takeDropped(onfiles, onfail);
  takePasted(onfiles, onfail);
}

function takeDropped(onfiles, onfail) {
  const target = byId("droptarget");
  const holdsFiles = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes("Files");
  let depth = 0; // of nested elements: each of them fires enter and leave
  const show = (by) => {
    depth = Math.max(0, depth + by);
    target.hidden = !depth;
  };
  addEventListener("dragenter", (event) => holdsFiles(event) && show(1));
  addEventListener("dragleave", (event) => holdsFiles(event) && show(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault(); // a browser would leave the page and show the picture
    show(-Infinity);
    if (event.dataTransfer.files.length) onfiles([...event.dataTransfer.files]);
    else onfail("What was dropped is no file: save the picture first, or copy and paste it.");
  });
}

function takePasted(onfiles, onfail) {
  const none = "There is no picture to paste: copy one first.";
  addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) onfiles(files.map(named));
    else onfail(none);
  });
  if (!navigator.clipboard?.read) return;
  byId("paste").hidden = false;
  byId("paste").onclick = async () => {
    try {
      const items = await navigator.clipboard.read();
      const kind = (item) => item.types.find((type) => type.startsWith("image/"));
      const pictures = items.filter(kind);
      if (!pictures.length) return onfail(none);
      onfiles(await Promise.all(pictures.map(async (item) => named(await item.getType(kind(item))))));
    } catch {
      onfail("The browser keeps what was copied to itself: press Control and V instead.");
    }
  };
}

let pasted = 0;
const named = (blob) => new File([blob], `pasted-${++pasted}.${blob.type.split("/")[1] || "png"}`, { type: blob.type });

/** Shows the server's examples to click on; none is no harm. */
export async function offerExamples(onfiles, onfail) {
  const { examples } = await (await get("api/examples")).json();
  byId("examples").hidden = !examples.length;
  byId("examples").querySelector("ul").replaceChildren(...examples.map(({ name, url }) => {
    // Behind a proxy, the page may lie below a path that the server does not know.
    const address = url.replace(/^\//, "");
    const title = name.replace(/\.[^.]+$/, "").replaceAll("_", " ");
    const picture = element("img", { src: address, alt: "", loading: "lazy", width: 96, height: 72 });
    const onclick = async () => {
      try {
        announce(`Reading ${title}`);
        const blob = await (await get(address)).blob();
        onfiles([new File([blob], name, { type: blob.type })]);
      } catch (error) {
        onfail(error.message);
      }
    };
    const button = element("button", { type: "button", onclick }, picture, element("span", { textContent: title }));
    return element("li", {}, button);
  }));
}
