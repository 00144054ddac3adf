// The page: where pictures come from, what is followed in them, and what the person does about it.

import { Boxes } from "./boxes.js";
import { Camera, encode } from "./camera.js";
import { Link } from "./link.js";
import { Meter } from "./meter.js";
import { Panel } from "./panel.js";
import { Selector } from "./selector.js";
import { Stage } from "./stage.js";
import { upload } from "./upload.js";

const IN_FLIGHT = 2; // pictures without an answer: one in the tracker, one that waits for it
const REFRESH_MS = 100; // where that takes long, a newer one is sent, which takes the place of the one that waits
const MOST_IN_FLIGHT = 10;
const GONE = "The connection broke. The boxes so far can be saved; open the video again to go on.";
const LEAVE = "The boxes of this video are not saved. Leave it all the same?";
const $ = (id) => document.getElementById(id);

let source = "none"; // camera or video
let hello = null; // what the server told of itself
let film = null; // the video: {frames, size, playing, ended, gone (with the connection), waiting (for its first picture)}
let firstId = 0; // of the targets of this connection: boxes of those before are kept
let frozen = false; // while a box is drawn
let learning = false; // until the server has learned the box
let shown = null; // number of the picture on the stage; null: the camera, live
let goOn = false; // whether the video plays again after a box is drawn
let sending = Promise.resolve();
let lastSent = 0; // ms
let answering = Promise.resolve();
const pictures = new Map(); // those without an answer, by number

const stage = new Stage(document.querySelector(".frame"), $("picture"), $("overlay"));
const meter = new Meter($("meter"), $("pace"));
const boxes = new Boxes();
const panel = new Panel($("targets"), $("target"), stage, (id) => link.send("remove", { id: id - firstId }), announce);
const camera = new Camera($("camera"), cameraFrame, () => leave("The camera was taken away."));
const selector = new Selector(stage, {
  begin: beginBox,
  done: finishBox,
  cancel: resume,
  short: () => notify("Drag from one corner of the target to the other."),
});
const link = new Link({
  status: showConnection,
  hello: (message) => later(() => greet(message)),
  video: (message) => later(() => showFilm(message)),
  picture: (number, blob) => {
    const image = createImageBitmap(blob);
    later(() => source === "video" && pictures.set(number, image)); // else it is late: the camera has taken over
  },
  added: () => later(() => setLearning(false)),
  result: (message) => later(() => showResult(message)),
  ended: (message) => later(() => endFilm(message)),
  error: ({ message, frame }) => later(() => showError(message, frame)),
});

// Messages are taken in their order, though pictures take time to decode.
function later(job) {
  answering = answering.then(job).catch((error) => notify(`The page failed: ${error.message}`));
}

function greet(message) {
  hello = message;
  stage.setColours(message.colours, message.lost_colour);
  $("file").accept = "video/*,.mkv,.avi";
  pictures.clear();
  setLearning(false);
  setTargets([]);
  if (film?.gone) notify(GONE);
}

// The server has forgotten the targets; the boxes so far are kept.
function disconnected() {
  selector.cancel();
  pictures.clear();
  if (film) {
    Object.assign(film, { playing: false, gone: true, waiting: false });
    showPlaying();
  }
  setLearning(false);
  setTargets([]);
  firstId = boxes.nextId;
}

// ---- where pictures come from

function setSource(name) {
  selector.cancel();
  source = name;
  if (name !== "camera") camera.stop();
  if (name !== "video") film = null;
  document.body.dataset.source = name;
  $("use-camera").setAttribute("aria-pressed", name === "camera");
  $("open-video").setAttribute("aria-pressed", name === "video");
  $("cameras").hidden = name !== "camera" || $("cameras").length < 2;
  pictures.clear();
  boxes.clear();
  firstId = 0;
  meter.clear();
  setLearning(false);
  setTargets([]);
  shown = null;
  const focused = document.activeElement;
  if (focused === document.body || !focused.checkVisibility()) {
    (name === "none" ? $("start-camera") : stage.overlay).focus({ preventScroll: true });
  }
}

function mayLeave() {
  return !film || !boxes.unsaved || confirm(LEAVE);
}

function leave(reason) {
  setSource("none");
  link.send("camera"); // which sends no pictures
  if (reason) notify(reason);
}

async function useCamera(deviceId) {
  if (!mayLeave()) return;
  try {
    await camera.start(deviceId);
    const devices = await camera.list();
    $("cameras").replaceChildren(...devices.map((device, i) => new Option(device.label || `Camera ${i}`, device.deviceId)));
    $("cameras").value = camera.deviceId;
    link.send("camera");
    setSource("camera");
  } catch (error) {
    notify(error.message);
  }
}

async function openVideo(file) {
  if (!file || !mayLeave()) return;
  if (!link.open) return notify("There is no connection to the server.");
  const status = $("upload");
  status.hidden = false;
  status.textContent = `Sending ${file.name}`;
  try {
    await upload(file, hello, (part) => (status.textContent = `Sending ${file.name}: ${Math.round(100 * part)} %`));
  } catch (error) {
    notify(error.message);
  }
  status.hidden = true;
}

function cameraFrame() {
  if (source !== "camera" || frozen || learning) return;
  if (!stage.targets.length) {
    shown = null;
    stage.show(camera.video, camera.size);
    return;
  }
  meter.offer();
  const most = performance.now() > lastSent + REFRESH_MS ? MOST_IN_FLIGHT : IN_FLIGHT;
  if (link.idle && pictures.size < most) sendPicture();
}

// Send what the camera sees; the picture.
function sendPicture() {
  const { number, canvas } = camera.grab();
  pictures.set(number, canvas);
  meter.start(number);
  lastSent = performance.now();
  sending = sending.then(async () => link.sendPicture(number, await encode(canvas)));
  return { number, canvas };
}

// ---- what the server answers

function settle(frame) {
  for (const number of pictures.keys()) if (number <= frame) pictures.delete(number); // others were replaced
}

async function showResult({ frame, targets: found, seconds }) {
  const targets = found.map((target) => ({ ...target, id: target.id + firstId }));
  const waiting = pictures.get(frame);
  const image = await waiting;
  const size = film ? film.size : camera.size;
  settle(frame);
  if (film) film.waiting = false;
  if (image && !frozen) {
    stage.show(image, size);
    shown = frame;
  }
  setTargets(targets, image !== undefined);
  boxes.add(frame, targets);
  if (image && targets.length) meter.stop(frame, size, film ? 1000 * seconds : undefined);
  if (image && film) {
    link.send("seen", { frame });
    image.close();
    $("progress").value = frame + 1;
    $("place-in-video").textContent = film.frames ? `${frame + 1} / ${film.frames}` : `${frame + 1}`;
  }
}

function setTargets(targets, isNewFrame = false) {
  if (!frozen) {
    stage.targets = targets;
    stage.draw();
  }
  panel.update(targets, isNewFrame);
  document.body.classList.toggle("following", targets.length > 0);
  $("count").textContent = targets.length || "";
  if (!targets.length) meter.clear();
  for (const id of ["reset", "save"]) $(id).disabled = !targets.length && (id === "reset" || boxes.empty);
  showHint();
}

function showError(message, frame) {
  if (frame !== null) settle(frame);
  setLearning(false);
  notify(message);
}

function setLearning(value) {
  learning = value;
  if (!value) stage.pending = null;
  stage.draw();
  showHint();
}

// ---- the uploaded video

// again: the same video from its first picture, where its targets are learned again; what was found is kept.
function showFilm({ width, height, frames, again }) {
  if (again) selector.cancel();
  else setSource("video");
  film = { frames, size: [width, height], playing: false, ended: false, gone: false, waiting: true };
  shown = null;
  $("progress").max = frames || 1;
  showPlaying();
}

function setPlaying(playing) {
  if (!film || film.ended || film.gone || playing === film.playing) return;
  film.playing = playing;
  link.send(playing ? "play" : "pause");
  showPlaying();
}

function showPlaying() {
  $("play").textContent = film.playing ? "Pause" : "Play";
  $("play").disabled = film.ended || film.gone;
  $("rewind").disabled = film.gone;
  showHint();
}

function endFilm({ frames, broken }) {
  film.playing = false;
  film.ended = true;
  showPlaying();
  if (broken) notify(`The video is damaged: it ends after ${frames} frames.`);
}

// ---- drawing a box

function beginBox() {
  if (source === "none" || !hello || learning || (source === "video" && shown === null)) return false;
  if (film?.gone) return notify(GONE) ?? false;
  if (!link.open) return notify("There is no connection to the server.") ?? false;
  if (stage.targets.length >= hello.max_targets) {
    return notify(`${hello.max_targets} targets is the limit; remove one first.`) ?? false;
  }
  frozen = true;
  goOn = Boolean(film?.playing);
  setPlaying(false);
  if (source === "camera" && shown === null) {
    const { number, canvas } = sendPicture();
    shown = number;
    stage.show(canvas, camera.size);
  }
  showHint();
  return true;
}

async function finishBox(box) {
  const frame = shown;
  stage.pending = box;
  setLearning(true);
  await sending;
  link.send("add", { frame, box });
  resume();
}

function resume() {
  frozen = false;
  if (goOn) setPlaying(true);
  showHint();
}

// ---- what is said to the person

function showHint() {
  $("hint").textContent = hint();
}

function hint() {
  if (learning) return "Learning the target";
  if (film?.waiting) return stage.targets.length ? "Learning the targets again" : "";
  if (selector.keyboard && selector.active) return "Arrows move it, with Shift they resize it, Enter follows it, Esc leaves it";
  if (frozen || film?.ended) return film?.ended ? "The end of the video" : "";
  if (!stage.targets.length) return "Drag a box around what to follow";
  return film && !film.playing ? "Play the video, or draw another box" : "";
}

function showConnection(state, text) {
  const open = state === "open";
  $("connection").dataset.state = document.body.dataset.connection = state;
  $("connection").textContent = text;
  for (const id of ["start-camera", "start-video", "open-video"]) $(id).disabled = !open;
  $("use-camera").disabled = !open && source !== "camera"; // which can be switched off without a server
  if (open) $("refusal").hidden = true;
  if (state !== "closed") return;
  $("refusal").textContent = text;
  $("refusal").hidden = false;
  later(disconnected);
}

function announce(text) {
  $("announcer").textContent = text;
}

let noticeTimer;
function notify(text) {
  $("notice").firstElementChild.textContent = text;
  $("notice").hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => ($("notice").hidden = true), 8000);
}

// ---- buttons, keys, dropped files

function act(id, action) {
  $(id).addEventListener("click", action);
}

const chooseVideo = () => $("file").click();
const reset = () => link.send("reset");
const save = () => (boxes.empty ? notify("There are no boxes yet.") : boxes.save("boxes.csv"));
const newTarget = () => {
  selector.startKeyboard();
  showHint();
};
const togglePlay = () => setPlaying(!film?.playing);

act("use-camera", () => (source === "camera" ? leave() : useCamera()));
act("start-camera", () => useCamera());
act("open-video", chooseVideo);
act("start-video", chooseVideo);
act("play", togglePlay);
act("rewind", () => link.send("rewind"));
act("new", newTarget);
act("reset", reset);
act("save", save);
$("notice").lastElementChild.addEventListener("click", () => ($("notice").hidden = true));
$("cameras").addEventListener("change", (event) => useCamera(event.target.value));
$("file").addEventListener("change", (event) => {
  openVideo(event.target.files[0]);
  event.target.value = "";
});

const KEYS = { n: newTarget, r: reset, s: save, " ": togglePlay };

addEventListener("keydown", (event) => {
  if (selector.key(event)) return event.preventDefault();
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("select, input") || (event.key === " " && event.target.closest("button, summary"))) return;
  const action = KEYS[event.key.toLowerCase()];
  if (action && source !== "none") {
    event.preventDefault();
    action();
  }
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  openVideo(event.dataTransfer.files[0]);
});

$("place").textContent = location.host;
