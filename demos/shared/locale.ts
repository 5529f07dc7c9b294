/**
 * The reader's language, for Intl. Chromium on a Linux without a locale calls it "en-US@posix", which is none: Intl
 * throws, and so does uPlot while it loads. Import this before it.
 */
export const language: string = usableLanguage();

function usableLanguage(): string {
  try {
    return new Intl.NumberFormat(navigator.language).resolvedOptions().locale;
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-US' });
    return 'en-US';
  }
}
