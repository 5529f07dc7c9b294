import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { frameHtml } from '../../../demos/frame/build/vitePlugin.ts';
import { PAGES } from '../../../demos/frame/pages.ts';
import { settings, whole } from '../../../demos/frame/settings.ts';

const root = fileURLToPath(new URL('../../../demos', import.meta.url));
const PAGE = `<!doctype html>
<html lang="en">
  <head><title>Words</title><meta name="description" content="What it is" /></head>
  <body><main>
    <training-bar figures="error: Mean error" samples="Points"></training-bar>
    <training-settings><p>more</p></training-settings>
    <training-chart name="loss" title="Loss"></training-chart>
    <training-step></training-step>
  </main></body>
</html>`;
const html = frameHtml(
  PAGE,
  root,
  `${root}/mnist-cnn`,
  settings({ seed: whole({ label: 'Seed', acts: 'anew', initial: 0, min: 0, max: 9 }) }),
  {},
);

describe('the shell of a page', () => {
  it('has a head for browsers and for those who share it', () => {
    expect(html).toContain('<title>Words – wgrad</title>');
    expect(html).toContain('<meta property="og:title" content="Words" />');
    expect(html).toContain('<meta property="og:description" content="What it is" />');
    expect(html.indexOf('charset')).toBeLessThan(1024);
    expect(html).toContain('href="../frame/page/frame.css"');
  });

  it('fills the places of the pieces', () => {
    for (const id of [
      'play',
      'step-once',
      'reset',
      'stat-error',
      'seed',
      'loss-chart',
      'step-graph',
      'share',
      'help',
    ]) {
      expect(html.match(new RegExp(`id="${id}"`, 'g'))).toHaveLength(1);
    }
    expect(html).toContain('<dt>Mean error</dt>');
    expect(html).toContain('<dt>Points / s</dt>');
    expect(html).toContain('<p>more</p>');
    expect(html).not.toMatch(/\{\{|<\/?training-| style=| on[a-z]+="/);
  });

  it('leads to the neighbours', () => {
    expect(html).toContain('<a rel="next" href="../autoencoder/index.html">');
    const at = PAGES.findIndex(({ folder }) => folder === 'mnist-cnn');
    expect(html).toContain(`<a rel="prev" href="../${PAGES[at - 1].folder}/index.html">`);
    const first = frameHtml(PAGE, root, `${root}/${PAGES[0].folder}`, settings({}), {});
    expect(first).not.toContain('rel="prev"');
  });

  it('puts a lesson in its place, with its exercises', () => {
    const page = PAGE.replace('<main>', '<main><lesson-place></lesson-place><lesson-more></lesson-more>');
    const exercises = [{ task: 'Is 1 < 2?', answers: ['yes', 'no'] as [string, string], why: 'It is.' }];
    const lesson = frameHtml(page, root, `${root}/lessons/activations`, settings({}), {}, exercises);
    expect(lesson).toContain('Lessons</a> · 3 of 8 · builds on <a href="../../lessons/neuron/index.html"');
    expect(lesson).toContain('<p>Is 1 &lt; 2?</p><div class="answers"><button type="button">no</button>');
    expect(lesson).not.toContain('It is.');
    const list = frameHtml(
      PAGE.replace('<main>', '<lesson-list></lesson-list>'),
      root,
      `${root}/lessons`,
      {},
      {},
    );
    expect(list.match(/<li><a href="\.\.\/lessons\/\w+\/index\.html"><svg/g)).toHaveLength(8);
  });

  it('gives a picture to whoever shares the page: its own, or that of a folder above', () => {
    const picture = (folder: string, site?: string) =>
      /"og:image" content="([^"]*)"/.exec(frameHtml(PAGE, root, root + folder, settings({}), { site }))?.[1];
    expect(picture('/mnist-cnn')).toBe('preview.png');
    expect(picture('/lessons/common')).toBe('../preview.png');
    expect(picture('')).toBe('preview.png');
    expect(picture('/lessons/neuron', 'https://example.org/wgrad')).toBe(
      'https://example.org/wgrad/lessons/neuron/preview.webp',
    );
  });

  it('leads to the source code where its address is known, and nowhere else', () => {
    expect(html).not.toContain('Source code');
    const known = frameHtml(PAGE, root, root, settings({}), { source: 'https://example.org/a?b&c' });
    expect(known.match(/<a href="https:\/\/example\.org\/a\?b&amp;c">Source code<\/a>/g)).toHaveLength(2);
  });

  it('has a help where there is something to help with, in the page’s own words if it has some', () => {
    const plain = PAGE.replaceAll(/<training-[^]*<\/training-step>/g, '');
    const of = (text: string) => frameHtml(text, root, root, settings({}), {});
    expect(html).toContain('<kbd>space</kbd>');
    expect(of(plain)).not.toMatch(/id="help|<kbd>/);
    const own = of(plain.replace('<main>', '<main><page-help><p>own words</p></page-help>'));
    expect(own).toMatch(/<dialog id="help"[^]*<p>own words<\/p>[^]*<\/dialog>/);
    expect(own).not.toMatch(/page-help|<kbd>/);
    expect(own.match(/own words/g)).toHaveLength(1);
  });
});
