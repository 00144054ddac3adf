// The frames of the video, fetched by number; those near the last one are kept.

const KEPT = 80;

export class Frames {
  constructor() {
    this.kept = new Map(); // number -> promise of an ImageBitmap, oldest use first
  }

  get(number) {
    const known = this.kept.get(number) ?? this.load(number);
    this.kept.delete(number);
    this.kept.set(number, known);
    if (this.kept.size > KEPT) {
      const [oldest, image] = this.kept.entries().next().value;
      this.kept.delete(oldest);
      image.then((bitmap) => bitmap.close(), () => {});
    }
    return known;
  }

  async load(number) {
    try {
      const answer = await fetch(`/frame/${number}`);
      if (!answer.ok) throw new Error(await answer.text());
      return await createImageBitmap(await answer.blob());
    } catch (error) {
      this.kept.delete(number); // it may work the next time
      throw error;
    }
  }
}
