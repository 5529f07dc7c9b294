// Lets the site work offline, where the host has its sw.js. Its files are fetched after those of the page, and not where the reader saves data.
const { serviceWorker, connection } = /** @type {any} */ (navigator);
if (serviceWorker && !connection?.saveData) {
  const register = () =>
    setTimeout(() => serviceWorker.register(new URL('sw.js', import.meta.url)).catch(() => {}), 3000);
  if (document.readyState === 'complete') register();
  else addEventListener('load', register);
}
