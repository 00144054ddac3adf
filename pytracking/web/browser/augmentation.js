// Augmented crops of the first frame: pytracking/features/augmentation.py, without random shifts.

import { round, sampleCrop, warpAffine } from "./crop.js";

const EXPANSION = 2; // side of the patch that is transformed, in crop sides

// The plain crop and its augmentations, and the target's box in each.
export function augmentedCrops(frame, [x, y, w, h], crop, params) {
  const center = [x + w / 2, y + h / 2];
  const patch = sampleCrop(frame, { center, scale: crop.scale, side: Math.trunc(crop.side * EXPANSION) });
  const place = center.map((at, axis) => (at - crop.center[axis]) / crop.scale);
  const size = [w / crop.scale, h / crop.scale];
  const crops = [];
  const boxes = [];
  const add = ([right, down], { angle = 0, zoom = 1, mirror = false } = {}) => {
    const offset = [place[0] + right, place[1] + down];
    crops.push(warp(patch, crop.side, offset, angle, zoom, mirror));
    boxes.push([...offset.map((at, axis) => crop.side / 2 + at - (zoom * size[axis]) / 2), zoom * size[0], zoom * size[1]]);
  };
  add([0, 0]);
  for (const [right, down] of params.shifts) add([right * size[0], down * size[1]]);
  for (const [right, down] of params.crop_shifts) add([(right * crop.side) / 2, (down * crop.side) / 2]);
  for (const angle of params.rotations) add([0, 0], { angle });
  for (const zoom of params.scales) add([0, 0], { zoom });
  if (params.flip) add([0, 0], { mirror: true });
  for (const [sigmaX, sigmaY] of params.blurs) {
    add([0, 0]);
    crops.push(gaussianBlur(crops.pop(), sigmaX, sigmaY));
  }
  return { crops, boxes };
}

// Rotate and scale the patch about its center (the target's), which moves to the crop's center plus `offset`.
function warp(patch, side, [right, down], angle, zoom, mirror) {
  const radians = (angle * Math.PI) / 180;
  const [cos, sin, flip] = [Math.cos(radians) / zoom, Math.sin(radians) / zoom, mirror ? -1 : 1];
  const inverse = [flip * cos, -flip * sin, sin, cos]; // of flip, then rotation and zoom
  const origin = (patch.width - 1) / 2;
  const target = [(side - 1) / 2 + right, (side - 1) / 2 + down];
  const [a, b, d, e] = inverse;
  return warpAffine(
    patch,
    [a, b, origin - a * target[0] - b * target[1], d, e, origin - d * target[0] - e * target[1]],
    side,
  );
}

export function gaussianBlur(picture, sigmaX, sigmaY) {
  const { width, height } = picture;
  const values = Float32Array.from(picture.data);
  const across = blurLines(values, gaussianKernel(sigmaX), width, height, 3, 3 * width);
  const down = blurLines(across, gaussianKernel(sigmaY), height, width, 3 * width, 3);
  return { ...picture, data: Uint8Array.from(down, round) };
}

function gaussianKernel(sigma) {
  const half = (round(sigma * 6 + 1) | 1) >> 1;
  const kernel = Array.from({ length: 2 * half + 1 }, (_, i) => Math.exp(-((i - half) ** 2) / (2 * sigma ** 2)));
  const sum = kernel.reduce((total, value) => total + value);
  return kernel.map((value) => value / sum);
}

// `count` lines of `length` pixels, `step` values from pixel to pixel and `next` from line to line; mirrored borders.
function blurLines(values, kernel, length, count, step, next) {
  const half = kernel.length >> 1;
  const blurred = new Float32Array(values.length);
  const mirrored = (i) => (i < 0 ? -i : i >= length ? 2 * length - 2 - i : i);
  for (let i = 0; i < length; i++) {
    for (let k = 0; k < kernel.length; k++) {
      const from = mirrored(i + k - half) * step;
      for (let line = 0; line < count; line++) {
        const [to, at] = [line * next + i * step, line * next + from];
        for (let channel = 0; channel < 3; channel++) blurred[to + channel] += kernel[k] * values[at + channel];
      }
    }
  }
  return blurred;
}
