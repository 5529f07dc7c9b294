import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { answersOf } from '../exercise.ts';
import type { Exercise } from '../exercise.ts';
import { PAGES } from '../pages.ts';
import { escapeHtml } from './escape.ts';

const LESSONS = PAGES.filter(({ about }) => about);

/** The place of a lesson among the others, and the lessons that it builds on. */
export function lessonPlaceHtml(folder: string, base: string): string {
  const at = LESSONS.findIndex((lesson) => lesson.folder === folder);
  const needs = (LESSONS[at]?.needs ?? []).map((need) => {
    const number = LESSONS.findIndex((lesson) => lesson.folder === need) + 1;
    return `<a href="${base}/${need}/index.html" title="${escapeHtml(LESSONS[number - 1].title)}">${number}</a>`;
  });
  const builds = needs.length > 0 ? ` · builds on ${needs.join(' and ')}` : '';
  return `<p class="overline"><a href="${base}/lessons/index.html">Lessons</a> · ${at + 1} of ${LESSONS.length}${builds}</p>`;
}

/** All lessons with their pictures: `card.svg` of each. */
export function lessonListHtml(root: string, base: string): string {
  const items = LESSONS.map(({ folder, title, about }) => {
    const file = join(root, folder, 'card.svg');
    const picture = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    return `<li><a href="${base}/${folder}/index.html">${picture}<h2>${escapeHtml(title)}</h2><p>${escapeHtml(about!)}</p></a></li>`;
  });
  return `<ol class="lessons">\n${items.join('\n')}\n</ol>`;
}

/** The part of a lesson beside its figure, under the text: exercises, then notices, which must not move them. */
export function lessonMoreHtml(exercises: readonly Exercise[]): string {
  const items = exercises.map((exercise) => {
    const answers = answersOf(exercise).map(
      (answer) => `<button type="button">${escapeHtml(answer)}</button>`,
    );
    const choice = answers.length > 0 ? `<div class="answers">${answers.join('')}</div>` : '';
    return `<li><p>${escapeHtml(exercise.task)}</p>${choice}<p class="why" hidden></p></li>`;
  });
  const list =
    items.length > 0
      ? `<details class="exercises" open><summary>Try this <span id="exercises-done">0 of ${items.length}</span></summary><ol id="exercises">${items.join('')}</ol></details>`
      : '';
  const without = '<noscript><p class="notice">The figure needs JavaScript.</p></noscript>';
  return `<div class="more">${list}${without}<div id="notices"></div></div>`;
}
