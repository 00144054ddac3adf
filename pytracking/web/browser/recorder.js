// The picture with its boxes as a video, by MediaRecorder.

const KINDS = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

export class Recorder {
  constructor(stage) {
    const kind = KINDS.find((each) => window.MediaRecorder?.isTypeSupported(each));
    if (!kind) throw new Error("This browser cannot record videos.");
    this.stage = stage;
    this.canvas = document.createElement("canvas");
    [this.canvas.width, this.canvas.height] = stage.size.map((side) => side - (side % 2)); // as H.264 wants it
    this.context = this.canvas.getContext("2d");
    const stream = this.canvas.captureStream(0);
    [this.track] = stream.getVideoTracks();
    this.parts = [];
    this.recorder = new MediaRecorder(stream, { mimeType: kind, videoBitsPerSecond: 6e6 });
    this.recorder.ondataavailable = ({ data }) => this.parts.push(data);
    this.recorder.start(1000);
  }

  // Add what is on the stage.
  add() {
    const { width, height } = this.canvas;
    this.context.drawImage(this.stage.picture, 0, 0, width, height);
    this.context.drawImage(this.stage.overlay, 0, 0, width, height);
    this.track.requestFrame();
  }

  // {blob, extension}
  async stop() {
    await new Promise((resolve) => {
      this.recorder.onstop = resolve;
      this.recorder.stop();
    });
    this.track.stop();
    const type = this.recorder.mimeType.split(";")[0];
    return { blob: new Blob(this.parts, { type }), extension: type.split("/")[1] };
  }
}
