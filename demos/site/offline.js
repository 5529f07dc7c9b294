// Lets the site work offline. Its files are fetched after those of the page, and not where the reader saves data.
const { serviceWorker, connection } = /** @type {any} */ (navigator);
if (serviceWorker && !connection?.saveData) {
  const register = () => setTimeout(() => serviceWorker.register(new URL('sw.js', import.meta.url)), 3000);
  if (document.readyState === 'complete') register();
  else addEventListener('load', register);
}
