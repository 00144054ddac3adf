// Sending a video to the server.

// Resolves when the server has taken `file`; rejects with an Error whose message is for the person.
export function upload(file, { session, max_bytes: most }, onProgress) {
  if (file.size > most) {
    return Promise.reject(new Error(`The video is larger than ${most >> 20} MB; run_video takes any size.`));
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far it has got
    request.open("POST", `/video/${session}`);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) resolve();
      else reject(new Error(`${file.name}: ${request.responseText}`));
    };
    request.onerror = () => reject(new Error(`${file.name} could not be sent: the connection broke.`));
    request.send(file);
  });
}
