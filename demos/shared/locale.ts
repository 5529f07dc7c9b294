// Chromium on a Linux without a locale calls its language "en-US@posix", which is none: Intl throws, and so does
// uPlot while it loads. Import this before it.
try {
  new Intl.NumberFormat(navigator.language).format(0);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
