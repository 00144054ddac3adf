// The tracker, in a thread of its own: learns targets in pictures and finds them in others.
//
// In: {type: add, id, image, box}, {type: track, ids, image}; images are ImageBitmaps. Out: {type: loading, part},
// {type: ready, where}, {type: failed, message}, and an answer to each message, in their order: {type: answer, targets,
// seconds} or {type: answer, error}.

import { DiMP } from "./dimp.js";
import { OnnxFunctions } from "./functions.js";

const MOST_THREADS = 4;
const TRIALS = 3; // runs of the network by which a processor is chosen
const CLOSE = 0.02; // largest difference between WebGPU and WebAssembly, as a part of the largest feature

const states = new Map();
const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext("2d", { willReadFrequently: true });
const loading = load();
loading.catch((error) => postMessage({ type: "failed", message: `The tracker cannot be loaded: ${error.message}` }));
let answering = loading.catch(() => {});

onmessage = ({ data }) => {
  answering = answering.then(() => answer(data));
};

async function answer(message) {
  try {
    const tracker = await loading;
    const begin = performance.now();
    const frame = pixels(message.image);
    const targets = message.type === "add" ? await add(tracker, frame, message) : await track(tracker, frame, message);
    postMessage({ type: "answer", targets, seconds: (performance.now() - begin) / 1000 });
  } catch (error) {
    postMessage({ type: "answer", error: error.message });
  }
}

async function add(tracker, frame, { id, box }) {
  states.set(id, await tracker.initialize(frame, box));
  return [{ id, box, score: 1, state: "tracking", box_std: null }];
}

async function track(tracker, frame, { ids }) {
  const targets = [];
  for (const id of ids) targets.push({ id, ...(await tracker.track(states.get(id), frame)) });
  return targets;
}

function pixels(image) {
  const { width, height } = image;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.drawImage(image, 0, 0);
  image.close();
  return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
}

async function read(name) {
  const response = await fetch(new URL(`./graphs/${name}`, import.meta.url));
  if (!response.ok) throw new Error(`${name}: the server says ${response.status}`);
  return response.arrayBuffer();
}

async function load() {
  const gpu = await navigator.gpu?.requestAdapter().catch(() => null);
  const ort = await import(`./ort/ort.${gpu ? "webgpu" : "wasm"}.bundle.min.mjs`);
  const threads = self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  const wasm = new URL(`./ort/ort-wasm-simd-threaded${gpu ? ".asyncify" : ""}.wasm`, import.meta.url).href;
  Object.assign(ort.env.wasm, { wasmPaths: { wasm }, numThreads: threads });
  ort.env.logLevel = "error";
  const progress = (part) => postMessage({ type: "loading", part });
  const functions = await OnnxFunctions.load(ort, read, { executionProviders: ["wasm"] }, progress);
  const faster = gpu && (await tryGpu(functions));
  const { settings, params, calibration } = functions.manifest;
  const where = faster ? "WebGPU" : `WebAssembly, ${threads} thread${threads > 1 ? "s" : ""}`;
  postMessage({ type: "ready", where });
  return new DiMP(functions, { settings: { ...settings, stride: 16 }, params, calibration });
}

// Run the network on the GPU if that is faster there and gives the same.
async function tryGpu(functions) {
  const cpu = functions.sessions.features;
  const [, side] = functions.manifest.graphs.features.inputs.crop.shape;
  const crop = { data: Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * i) % 251) };
  const timed = async () => {
    const expected = await functions.extractFeatures(crop);
    const begin = performance.now();
    for (let i = 0; i < TRIALS; i++) await functions.extractFeatures(crop);
    return [expected, performance.now() - begin];
  };
  const [expected, cpuTime] = await timed();
  try {
    functions.sessions.features = await functions.session("features", { executionProviders: ["webgpu"] });
    const [found, gpuTime] = await timed();
    const most = expected.sample.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    if (gpuTime < cpuTime && expected.sample.every((value, i) => Math.abs(value - found.sample[i]) < CLOSE * most)) return true;
  } catch (error) {
    console.info(`WebGPU is not used: ${error.message}`);
  }
  functions.sessions.features = cpu;
  return false;
}
