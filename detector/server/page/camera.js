// A picture from the camera: by the phone's own app where there is one, else in a window with a live view.

import { byId } from "./dom.js";

/** Shows the camera's button where there is a way to use one. onpicture(file), onfail(sentence). */
export function offerCamera(onpicture, onfail) {
  const button = byId("snap");
  const live = Boolean(navigator.mediaDevices?.getUserMedia); // browsers allow it on https and localhost only
  const phone = matchMedia("(pointer: coarse)").matches;
  button.hidden = !live && !phone;
  button.onclick = () => (phone ? byId("capture").click() : look(onpicture, onfail));
}

async function look(onpicture, onfail) {
  const dialog = byId("camera");
  const video = dialog.querySelector("video");
  let stream;
  try {
    const wanted = { facingMode: "environment", width: { ideal: 1920 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
  } catch (error) {
    if (error.name !== "NotAllowedError") return onfail("No camera can be used: choose a picture instead.");
    return onfail("The camera is not allowed here: allow it in the browser, or choose a picture.");
  }
  const take = dialog.querySelector("[data-take]");
  take.disabled = true; // until the camera has a picture
  video.onloadeddata = () => (take.disabled = false);
  video.srcObject = stream;
  dialog.onclose = () => stream.getTracks().forEach((track) => track.stop()); // also when Escape closes it: turns the camera off
  dialog.querySelector("[data-close]").onclick = () => dialog.close();
  take.onclick = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => onpicture(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.92);
    dialog.close();
  };
  dialog.showModal();
}
