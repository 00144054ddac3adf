// Square crops of a picture, and boxes into them and back: ltr/data/crop.py.
//
// Pictures are {data, width, height, channels}: bytes, row by row, of 3 (RGB) or 4 (RGBA) channels.

// As Python rounds: halves to the even number.
export function round(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export function searchRegion([x, y, w, h], [width, height], settings) {
  let side = Math.sqrt(w * h) * settings.search_area;
  let center = [x + w / 2, y + h / 2];
  if (settings.crop_mode !== "replicate") {
    const limit = (settings.crop_mode === "inside" ? Math.min : Math.max)(width, height);
    side /= Math.min(Math.max(side / limit, 1), settings.max_shrink);
    center = center.map((at, axis) => {
      const extent = [width, height][axis];
      return side <= extent ? clamp(at, side / 2, extent - side / 2) : extent / 2;
    });
  }
  return { center, scale: side / settings.crop_side, side: settings.crop_side };
}

export function boxToCrop([x, y, w, h], { center, scale, side }) {
  return [(x - center[0]) / scale + side / 2, (y - center[1]) / scale + side / 2, w / scale, h / scale];
}

export function boxFromCrop([x, y, w, h], { center, scale, side }) {
  return [(x - side / 2) * scale + center[0], (y - side / 2) * scale + center[1], w * scale, h * scale];
}

// The square of `side` pixels around `center` at `scale` picture pixels per crop pixel: {data, width, height, channels 3}.
export function sampleCrop(picture, { center, scale, side }) {
  const factor = Math.max(1, round(scale));
  const [x, y] = [picture.width, picture.height].map((extent, axis) => {
    const half = (scale * side) / 2;
    const first = clamp(Math.floor(center[axis] - half) - 2 * factor, 0, extent - 1);
    const last = Math.min(Math.max(Math.ceil(center[axis] + half) + 2 * factor, first + 1), extent);
    return { first, length: last - first, start: (center[axis] + scale * (0.5 - side / 2) - first) / factor - 0.5 };
  });
  const patch = average(picture, x, y, factor);
  const step = scale / factor;
  return warpAffine(patch, [step, 0, x.start, 0, step, y.start], side);
}

// The part of a picture in blocks of `factor` pixels; pixels beyond its border repeat it. cv2.resize with INTER_AREA.
function average(picture, x, y, factor) {
  const [width, height] = [x, y].map(({ length }) => Math.ceil(length / factor));
  const data = new Uint8Array(width * height * 3);
  const nearest = factor === 2 ? (value) => Math.floor(value + 0.5) : round; // as OpenCV does
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 3) {
      const sum = [0, 0, 0];
      for (let i = 0; i < factor; i++) {
        const line = (y.first + Math.min(row * factor + i, y.length - 1)) * picture.width;
        for (let j = 0; j < factor; j++) {
          const from = (line + x.first + Math.min(column * factor + j, x.length - 1)) * picture.channels;
          for (let channel = 0; channel < 3; channel++) sum[channel] += picture.data[from + channel];
        }
      }
      for (let channel = 0; channel < 3; channel++) data[at + channel] = nearest(sum[channel] / factor ** 2);
    }
  }
  return { data, width, height, channels: 3 };
}

// Pixel (i, j) of the result lies at (a i + b j + c, d i + e j + f) of the picture, counted at pixel centers.
export function warpAffine(picture, [a, b, c, d, e, f], side) {
  const { data: from, width, height, channels } = picture;
  const data = new Uint8Array(side * side * 3);
  for (let j = 0, at = 0; j < side; j++) {
    for (let i = 0; i < side; i++) {
      const [x, y] = [a * i + b * j + c, d * i + e * j + f];
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, down] = [x - left, y - top];
      const x0 = clamp(left, 0, width - 1) * channels;
      const x1 = clamp(left + 1, 0, width - 1) * channels;
      const y0 = clamp(top, 0, height - 1) * width * channels;
      const y1 = clamp(top + 1, 0, height - 1) * width * channels;
      for (let channel = 0; channel < 3; channel++) {
        const above = from[y0 + x0 + channel] * (1 - right) + from[y0 + x1 + channel] * right;
        const below = from[y1 + x0 + channel] * (1 - right) + from[y1 + x1 + channel] * right;
        data[at++] = above * (1 - down) + below * down + 0.5;
      }
    }
  }
  return { data, width: side, height: side, channels: 3 };
}
