import { count, create } from '../../../shared/dom.ts';
import type { StepNode } from '../stepGraph.ts';

/** 64×12×12×8 */
export const shapeText = (shape: readonly number[]): string =>
  shape.length === 0 ? 'scalar' : shape.join('×');

/** What a dispatch does, without the layer that it does it for: `conv2dGradFilter.partial` */
export const titleOf = ({ label }: StepNode): string => label.slice(label.lastIndexOf('/') + 1);

/** The same, with places where a line may break: it is one long word. */
export const breakable = (title: string): (Node | string)[] =>
  title
    .split(/(?<=[a-z\d])(?=[A-Z])|(?<=[._])/)
    .flatMap((part, i) => (i === 0 ? [part] : [create('wbr'), part]));

/** 64, 8 × 4 */
export const workgroupsText = ([x, y, z]: StepNode['workgroups']): string =>
  (z > 1 ? [x, y, z] : y > 1 ? [x, y] : [x]).map(count).join(' × ');
