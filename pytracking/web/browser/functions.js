// The numerical functions of the tracker, as ONNX graphs: pytracking/tracker/dimp/functions.py.

import { readNpy } from "./npy.js";

const STATE = ["changes8", "changes16", "means8", "means16", "squares8", "squares16"]; // of Adam

const GRAPHS = ["features", "modulation", "pool", "finetune_step", "filter_init", "filter_step", "classify", "refine"];

export class OnnxFunctions {
  // ort: the module onnxruntime-web. read: gives a file of the exported folder as ArrayBuffer. options: of sessions.
  static async load(ort, read, options, progress) {
    const manifest = JSON.parse(new TextDecoder().decode(await read("manifest.json")));
    const weights = new Uint8Array(await read("weights.bin"));
    const relative = readNpy(await read("candidates_relative.npy"));
    const log = readNpy(await read("candidates_log_noise.npy"));
    const functions = new OnnxFunctions(ort, read, manifest, weights, { relative, log });
    for (const [i, name] of GRAPHS.entries()) {
      progress(i / GRAPHS.length);
      functions.sessions[name] = await functions.session(name, options);
    }
    return functions;
  }

  constructor(ort, read, manifest, weights, noise) {
    Object.assign(this, { ort, read, manifest, weights, noise, sessions: {} });
  }

  async session(name, options) {
    const graph = new Uint8Array(await this.read(this.manifest.graphs[name].file));
    const externalData = [{ path: "weights.bin", data: this.weights }];
    return this.ort.InferenceSession.create(graph, { ...options, externalData });
  }

  // The outputs of a graph by name; inputs: values, whose shapes are the manifest's with `n` for lengths of any size.
  async run(name, inputs) {
    const { graphs } = this.manifest;
    const feeds = {};
    for (const [input, { dtype, shape }] of Object.entries(graphs[name].inputs)) {
      const { values, dims } = inputs[input].dims ? inputs[input] : { values: inputs[input], dims: shape };
      feeds[input] = new this.ort.Tensor(dtype, typed(dtype, values), dims);
    }
    return this.sessions[name].run(feeds);
  }

  async extractFeatures(crop) {
    const found = await this.run("features", { crop: crop.data });
    return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data]));
  }

  async getIouModulation({ box8, box16 }, box) {
    const { modulation8, modulation16 } = await this.run("modulation", { box8, box16, box });
    return { modulation8: modulation8.data, modulation16: modulation16.data };
  }

  // By NCE+ on the crops: pytracking/tracker/dimp/modulation_finetuning.py.
  async finetuneModulation(modulation, features, boxes) {
    const params = this.manifest.params.box_learning;
    const [, count] = this.noise.log.shape; // M + 1
    const pooled = [];
    for (const [i, { map8, map16 }] of features.entries()) {
      const relative = this.noise.relative.values.subarray(i * count * 4, (i + 1) * count * 4);
      const candidates = { values: boxesFromRelative(relative, boxes[i]), dims: [count, 4] };
      pooled.push(await this.run("pool", { map8, map16, boxes: candidates }));
    }
    const parts = Math.min(params.num_parts, features.length);
    const batches = Array.from({ length: parts }, (_, part) => {
      const crops = features.map((_, i) => i).filter((i) => i % parts === part);
      const of = (name) => ({
        values: concatenate(crops.map((i) => pooled[i][name].data)),
        dims: [crops.length, ...pooled[0][name].dims],
      });
      const log = crops.map((i) => this.noise.log.values.subarray(i * count, (i + 1) * count));
      return {
        pooled8: of("pooled8"),
        pooled16: of("pooled16"),
        log_noise: { values: concatenate(log), dims: [crops.length, count] },
      };
    });
    let state = Object.fromEntries(STATE.map((name) => [name, new Float32Array(modulation[`modulation${name.match(/\d+/)}`].length)]));
    for (let number = 1; number <= params.num_iter; number++) {
      const inputs = { ...batches[(number - 1) % parts], ...modulation, ...state, step: [number] };
      const after = await this.run("finetune_step", inputs);
      state = Object.fromEntries(STATE.map((name) => [name, after[`new_${name}`].data]));
    }
    const learned = (stride) =>
      modulation[`modulation${stride}`].map((value, i) => value * (1 + params.weight * state[`changes${stride}`][i]));
    return { modulation8: learned(8), modulation16: learned(16) };
  }

  async learnFilter(used, steps) {
    const { filter } = await this.run("filter_init", this.memoryInputs(used));
    return this.updateFilter(filter.data, used, steps);
  }

  async updateFilter(filter, used, steps) {
    const inputs = this.memoryInputs(used);
    for (let i = 0; i < steps; i++) filter = (await this.run("filter_step", { filter, ...inputs })).new_filter.data;
    return filter;
  }

  memoryInputs([samples, boxes, weights]) {
    const [, ...sample] = this.manifest.graphs.filter_step.inputs.samples.shape;
    const n = weights.length;
    return {
      samples: { values: samples, dims: [n, ...sample] },
      boxes: { values: boxes, dims: [n, 1, 4] },
      weights: { values: weights, dims: [n, 1] },
    };
  }

  // The score maps of two filters.
  async classifyTarget(filters, { sample }) {
    const { scores } = await this.run("classify", { filters: concatenate(filters), sample });
    const size = scores.dims[1];
    return [0, 1].map((i) => ({ values: scores.data.subarray(i * size * size, (i + 1) * size * size), size }));
  }

  async refineTargetBox({ map8, map16 }, modulation, box, firstSize) {
    const refined = await this.run("refine", { map8, map16, ...modulation, box, first_size: firstSize });
    return {
      box: Array.from(refined.new_box.data),
      std: Array.from(refined.std.data),
      energy: refined.energy.data[0],
    };
  }
}

function typed(dtype, values) {
  const kind = { uint8: Uint8Array, float32: Float32Array }[dtype];
  return values instanceof kind ? values : kind.from(values);
}

function concatenate(arrays) {
  const all = new Float32Array(arrays.reduce((total, { length }) => total + length, 0));
  arrays.reduce((at, values) => (all.set(values, at), at + values.length), 0);
  return all;
}

// ltr/data/bounding_box_utils.py: box_from_relative, of many boxes.
function boxesFromRelative(relative, [x, y, w, h]) {
  const boxes = new Float32Array(relative.length);
  for (let i = 0; i < relative.length; i += 4) {
    const [width, height] = [Math.exp(relative[i + 2]) * w, Math.exp(relative[i + 3]) * h];
    boxes.set([x + w / 2 + relative[i] * w - width / 2, y + h / 2 + relative[i + 1] * h - height / 2, width, height], i);
  }
  return boxes;
}
