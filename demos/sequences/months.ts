const NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'June', 'July', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec'];

/** 'May 1957', of the month so many after January of the first year. */
export const monthName = (year: number, month: number): string =>
  `${NAMES[month % 12]} ${year + Math.floor(month / 12)}`;
