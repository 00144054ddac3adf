// Starts the page, through the service worker where there is one: with it the page may use threads, and works offline.

const RELOADED = "pytracking reloaded";

async function throughServiceWorker() {
  if (!navigator.serviceWorker) return; // as on http:// of another machine
  await navigator.serviceWorker.register("sw.js");
  await navigator.serviceWorker.ready;
  if (crossOriginIsolated || sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, "1"); // once: what the host says may forbid it
  location.reload();
  await new Promise(() => {});
}

await throughServiceWorker().catch((error) => console.info(`no service worker: ${error.message}`));
await import("./app.js");
