// The page with the tracker in the browser: where pictures come from, what is followed, what is saved.

import { Camera } from "./camera.js";
import { save } from "./downloads.js";
import { Meter } from "./meter.js";
import { Notices } from "./notices.js";
import { Panel } from "./panel.js";
import { Player } from "./player.js";
import { Recorder } from "./recorder.js";
import { Selector } from "./selector.js";
import { Stage } from "./stage.js";
import { csv } from "./tables.js";
import { Tracker } from "./tracker.js";
import { Tracks } from "./tracks.js";

const MAX_TARGETS = 8;
const LEAVE = "The boxes so far are not saved. Leave them all the same?";
const $ = (id) => document.getElementById(id);

let source = "none"; // camera or video
let ready = false; // whether the tracker is loaded
let frozen = false; // while a box is drawn
let learning = false;
let busy = false; // with a picture of the camera
let shown = null; // {image, number, time} on the stage; of the camera's pictures, only while something is followed
let goOn = false; // whether the video plays again after a box is drawn
let recorder = null;
let replaying = false; // a video is played to be recorded, with the boxes that were found
let started = 0; // ms, the camera's first picture that was followed

const notices = new Notices($("notice"), $("announcer"));
const notify = (text, ...offer) => notices.show(text, ...offer);
const stage = new Stage(document.querySelector(".frame"), $("picture"), $("overlay"));
const meter = new Meter($("meter"), $("pace"));
const tracks = new Tracks();
const panel = new Panel($("targets"), $("target"), stage, tracks, {
  remove,
  rename: (id, name) => {
    tracks.names.set(id, name);
    stage.draw();
  },
  announce: (text) => notices.announce(text),
});
const camera = new Camera($("camera"), cameraFrame, () => setSource("none"));
const player = new Player($("film"), {
  frame: filmFrame,
  exact: () => tracks.ids.length > 0 && !replaying,
  changed: showPlaying,
});
const selector = new Selector(stage, { begin: beginBox, done: finishBox, cancel: resume, short: resume });
const tracker = new Tracker({
  loading: (part) => showStatus("waiting", `Loading the tracker: ${Math.round(100 * part)} %`),
  ready: (where) => {
    ready = true;
    showStatus("open", `Ready · ${where}`);
  },
  failed: (message) => showStatus("closed", message),
});
stage.name = (id) => tracks.name(id) || `${id}`;
stage.setColours(JSON.parse(document.body.dataset.colours), JSON.parse(document.body.dataset.lost));

// ---- where pictures come from

function setSource(name) {
  selector.cancel();
  source = name;
  stopRecording();
  if (name !== "camera") camera.stop();
  if (name !== "video") player.close();
  document.body.dataset.source = name;
  $("use-camera").setAttribute("aria-pressed", name === "camera");
  $("open-video").setAttribute("aria-pressed", name === "video");
  forget();
}

function forget() {
  tracks.clear();
  meter.clear();
  shown?.image.close();
  shown = null;
  started = 0;
  setTargets([]);
}

const mayLeave = () => !tracks.unsaved || confirm(LEAVE);

async function useCamera() {
  if (!mayLeave()) return;
  try {
    await camera.start();
    setSource("camera");
  } catch (error) {
    notify(error.message);
  }
}

async function openVideo(file) {
  if (!file || !mayLeave()) return;
  setSource("video");
  try {
    await player.open(file);
  } catch (error) {
    setSource("none");
    notify(error.message);
  }
}

async function cameraFrame() {
  if (source !== "camera" || frozen || learning) return;
  if (!tracks.ids.length) return stage.show(camera.video, camera.size);
  meter.offer();
  if (busy) return;
  busy = true;
  started ||= performance.now();
  const { number, canvas } = camera.grab();
  await follow(await createImageBitmap(canvas), number, (performance.now() - started) / 1000);
  busy = false;
}

async function filmFrame(image, number, time) {
  if (replaying) return replay(image, number, time);
  await follow(image, number, time);
}

// ---- what is followed

async function follow(image, number, time) {
  let targets = [];
  const ids = tracks.ids;
  try {
    if (ids.length) {
      const found = await tracker.track(await createImageBitmap(image), ids);
      targets = found.targets;
      meter.stop(number, [image.width, image.height], 1000 * found.seconds);
    }
  } catch (error) {
    notify(`The tracker failed: ${error.message}`);
  }
  tracks.add(number, targets, time);
  if (frozen) return image.close(); // the box is drawn on the one before
  show(image, number, time);
  setTargets(targets.filter(({ id }) => !tracks.removed.has(id)));
  recorder?.add();
}

function show(image, number, time) {
  shown?.image.close();
  shown = { image, number, time };
  stage.show(image, [image.width, image.height]);
  $("progress").value = player.part;
  $("place-in-video").textContent = `${number}`;
}

function setTargets(targets) {
  stage.targets = targets;
  stage.draw();
  panel.update(tracks.ids, targets, shown?.number ?? null);
  document.body.classList.toggle("following", tracks.ids.length > 0);
  $("count").textContent = tracks.ids.length || "";
  if (!targets.length) meter.clear();
  $("reset").disabled = !tracks.ids.length;
  $("save").disabled = $("record").disabled = tracks.empty;
  showHint();
}

function remove(...ids) {
  for (const id of ids) tracks.removed.add(id);
  setTargets(stage.targets.filter(({ id }) => !ids.includes(id)));
  notify(ids.length > 1 ? "All targets are removed" : `Target ${ids[0]} is removed`, "Undo", () => {
    for (const id of ids) tracks.removed.delete(id);
    setTargets(stage.targets);
  });
}

// ---- drawing a box

function beginBox() {
  if (source === "none" || learning || replaying) return false;
  if (!ready) return notify("The tracker is still being loaded.") ?? false;
  if (tracks.ids.length >= MAX_TARGETS) return notify(`${MAX_TARGETS} targets is the limit; remove one first.`) ?? false;
  if (source === "video" && !shown) return false;
  frozen = true;
  goOn = player.playing;
  player.setPlaying(false);
  showHint();
  return true;
}

async function finishBox(box) {
  learning = true;
  stage.pending = box;
  stage.draw();
  showHint();
  const id = tracks.nextId;
  try {
    if (source === "camera" && !tracks.ids.length) {
      started = performance.now();
      const { number, canvas } = camera.grab();
      show(await createImageBitmap(canvas), number, 0);
    }
    const { targets } = await tracker.add(await createImageBitmap(shown.image), id, box);
    tracks.add(shown.number, targets, shown.time);
    stage.pending = null;
    setTargets([...stage.targets, ...targets]);
  } catch (error) {
    stage.pending = null;
    notify(`The target cannot be learned: ${error.message}`);
  }
  learning = false;
  resume();
}

function resume() {
  frozen = false;
  if (goOn) player.setPlaying(true);
  goOn = false;
  showHint();
}

// ---- what is saved

const stem = () => (source === "video" ? player.name.replace(/\.[^.]*$/, "") : "camera");

function saveBoxes() {
  if (tracks.empty) return;
  save(`${stem()}-boxes.csv`, csv(tracks), "text/csv");
  tracks.unsaved = false;
}

// Of the camera: from now to the next click. Of a video: all of it, played once more with the boxes that were found.
async function record() {
  if (recorder) return stopRecording();
  if (tracks.empty) return;
  try {
    recorder = new Recorder(stage);
  } catch (error) {
    return notify(error.message);
  }
  $("record").classList.add("primary");
  $("record-text").textContent = source === "video" ? "Making the video: stop" : "Stop recording";
  if (source !== "video") return;
  replaying = true;
  player.restart();
  player.setPlaying(true);
}

function replay(image, number, time) {
  show(image, number, time);
  const found = tracks.byFrame.get(number)?.targets.values() ?? [];
  setTargets([...found].filter(({ id }) => !tracks.removed.has(id)));
  recorder?.add();
}

async function stopRecording() {
  const made = recorder;
  if (!made) return;
  recorder = null;
  player.setPlaying(false);
  const name = stem();
  $("record").classList.remove("primary");
  $("record-text").textContent = "Save video";
  const { blob, extension } = await made.stop();
  replaying = false;
  save(`${name}-annotated.${extension}`, blob, blob.type);
}

// ---- what is said to the person

function showPlaying() {
  $("play").textContent = player.playing ? "Pause" : "Play";
  $("play").disabled = Boolean(player.ended);
  if (player.ended && !player.waiting.length && replaying) stopRecording();
  showHint();
}

function showHint() {
  $("hint").textContent = hint();
}

function hint() {
  if (learning) return "Learning the target";
  if (replaying) return "The video is played once more to be saved";
  if (selector.keyboard && selector.active) return "Arrows move it, with Shift they resize it, Enter follows it, Esc leaves it";
  if (player.ended) return "The end of the video";
  if (!tracks.ids.length) return ready ? "Drag a box around what to follow" : "The tracker is being loaded";
  return source === "video" && !player.playing ? "Play the video, or draw another box" : "";
}

function showStatus(state, text) {
  $("connection").dataset.state = document.body.dataset.connection = state;
  $("connection").textContent = text;
  showHint();
}

// ---- what the person does

function restart() {
  if (source !== "video" || !mayLeave()) return;
  stopRecording();
  forget();
  player.restart();
}

$("use-camera").addEventListener("click", () => (source === "camera" ? mayLeave() && setSource("none") : useCamera()));
$("start-camera").addEventListener("click", useCamera);
for (const id of ["open-video", "start-video"]) $(id).addEventListener("click", () => $("file").click());
$("file").addEventListener("change", (event) => {
  openVideo(event.target.files[0]);
  event.target.value = "";
});
$("play").addEventListener("click", () => player.setPlaying(!player.playing));
$("rewind").addEventListener("click", restart);
$("new").addEventListener("click", () => selector.startKeyboard());
$("reset").addEventListener("click", () => remove(...tracks.ids));
$("save").addEventListener("click", saveBoxes);
$("record").addEventListener("click", record);

const KEYS = {
  n: () => selector.startKeyboard(),
  r: () => tracks.ids.length && remove(...tracks.ids),
  s: saveBoxes,
  v: record,
  " ": () => player.setPlaying(!player.playing),
};

addEventListener("keydown", (event) => {
  if (selector.key(event)) return event.preventDefault();
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("select, input")) return;
  const action = KEYS[event.key.toLowerCase()];
  if (!action || source === "none" || (event.key === " " && event.target.closest("button"))) return;
  event.preventDefault();
  action();
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  openVideo(event.dataTransfer.files[0]);
});
addEventListener("beforeunload", (event) => tracks.unsaved && event.preventDefault());
