import type { Page } from 'puppeteer-core';

/** How many colours a canvas has, as it is seen. */
export async function coloursOf(page: Page, selector: string): Promise<number> {
  const data = (await (await page.$(selector))!.screenshot({ encoding: 'base64' })) as string;
  return page.evaluate(async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    context.drawImage(image, 0, 0);
    return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size;
  }, data);
}
