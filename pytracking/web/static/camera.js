// The browser's camera: started, chosen, and turned into numbered pictures.

const LONGER_SIDE = 640; // pixels that are sent; the tracker looks at 288 of them around each target
const JPEG_QUALITY = 0.85;
const REASONS = {
  NotAllowedError: "The browser was not allowed to use the camera. Allow it beside the address bar and try again.",
  NotFoundError: "This machine has no camera. You can open a video instead.",
  NotReadableError: "Another program is using the camera.",
  OverconstrainedError: "That camera is no longer there.",
};

export class Camera {
  // onFrame: called for every new frame. onEnd: called when the camera is taken away.
  constructor(video, onFrame, onEnd) {
    this.video = video;
    this.onFrame = onFrame;
    this.onEnd = onEnd;
    this.number = 0;
  }

  // Starts the camera, or rejects with an Error whose message is for the person.
  async start(deviceId) {
    if (!navigator.mediaDevices) {
      throw new Error("Browsers give the camera to https:// and localhost pages only. Videos work here, too.");
    }
    this.stop();
    const choice = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } };
    const request = { audio: false, video: { ...choice, width: { ideal: 1280 }, height: { ideal: 720 } } };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(request);
    } catch (error) {
      throw new Error(REASONS[error.name] ?? `The camera cannot be used: ${error.message}`);
    }
    this.stop(); // what an impatient second click has started
    this.stream = stream;
    const [track] = this.stream.getVideoTracks();
    track.addEventListener("ended", () => this.onEnd());
    this.deviceId = track.getSettings().deviceId;
    this.video.srcObject = this.stream;
    await this.video.play();
    this.watch(this.stream);
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  // Calls onFrame for each frame of this stream until it is stopped.
  watch(stream) {
    const next = (callback) =>
      this.video.requestVideoFrameCallback ? this.video.requestVideoFrameCallback(callback) : requestAnimationFrame(callback);
    const step = () => {
      if (this.stream !== stream) return;
      this.onFrame();
      next(step);
    };
    next(step);
  }

  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput");
  }

  // Width and height of the pictures that are made of its frames.
  get size() {
    const { videoWidth, videoHeight } = this.video;
    const factor = Math.min(1, LONGER_SIDE / Math.max(videoWidth, videoHeight, 1));
    return [Math.round(videoWidth * factor), Math.round(videoHeight * factor)];
  }

  // The frame of this moment: its number and a canvas of it.
  grab() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = this.size;
    canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return { number: this.number++, canvas };
  }
}

export function encode(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
}
