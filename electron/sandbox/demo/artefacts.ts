import { PNG } from 'pngjs';
import { shareOf } from './behaviours.ts';

/** A picture of more pixels than this on a side is not made. */
export const PICTURE_SIDE_MAX = 2048;

/** A whole web page about the prompt, with every part that is asked for; the same prompt gives the same page. */
export function webPage(prompt: string, parts: readonly string[]): string {
  const title = escapeHtml(prompt.split('\n')[0]?.slice(0, 80) ?? 'Page');
  const hue = Math.floor(shareOf(prompt) * 360);
  const sections = parts
    .filter((part) => !['title', 'main', 'html', 'head', 'body'].includes(part))
    .map((part) => sectionOf(part, title));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
body { margin: 0 auto; max-width: 46rem; padding: 2rem; font: 1.1rem/1.6 system-ui; color: hsl(${hue} 30% 18%); background: hsl(${hue} 40% 97%); }
h1 { font-size: 2.2rem; line-height: 1.2; }
a { color: hsl(${hue} 60% 35%); }
</style>
</head>
<body>
<main id="top">
<h1>${title}</h1>
<p>${escapeHtml(prompt)}</p>
<p><a href="#more">Read more</a></p>
${sections.join('\n')}
<section id="more"><h2>More</h2><p>Everything on this page was made from one sentence.</p></section>
</main>
</body>
</html>
`;
}

function sectionOf(part: string, title: string): string {
  if (part.startsWith('#')) return `<section id="${part.slice(1)}"><h2>${title}</h2></section>`;
  if (part.startsWith('.')) return `<section class="${part.slice(1)}"><h2>${title}</h2></section>`;
  return `<${part}><p>${title}</p></${part}>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/**
 * A picture of the prompt: discs on a gradient, as a PNG; the same prompt gives the same picture.
 * @param width in pixels, 1 to {@link PICTURE_SIDE_MAX}, as is `height`
 */
export function picture(prompt: string, width: number, height: number): Buffer {
  const png = new PNG({ width, height });
  const discs = Array.from({ length: 5 }, (_, index) => ({
    x: shareOf(`${prompt}x${index}`) * width,
    y: shareOf(`${prompt}y${index}`) * height,
    radius: (0.1 + 0.2 * shareOf(`${prompt}r${index}`)) * Math.min(width, height),
    colour: [0, 1, 2].map((channel) => 40 + 200 * shareOf(`${prompt}c${index}${channel}`)),
  }));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const disc = discs.find((one) => (x - one.x) ** 2 + (y - one.y) ** 2 < one.radius ** 2);
      const at = (y * width + x) * 4;
      for (const channel of [0, 1, 2]) {
        png.data[at + channel] = disc?.colour[channel] ?? 225 - Math.floor((y / height) * (40 + channel * 25));
      }
      png.data[at + 3] = 255;
    }
  }
  return PNG.sync.write(png, { deflateLevel: 6 });
}
