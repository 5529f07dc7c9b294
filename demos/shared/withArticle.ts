/** 'a 7', 'an 8' */
export const withArticle = (digit: number): string => `${digit === 8 ? 'an' : 'a'} ${digit}`;
