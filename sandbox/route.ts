import type { Answer, Ask, RouteName } from './answers.ts';
import type { World } from './world.ts';

/** One route. `id` is what the path's group matched, or empty. Routes that are not `open` want both headers. */
export type Route = {
  name: RouteName;
  method: string;
  path: RegExp;
  open?: true;
  answer: (world: World, ask: Ask, id: string) => Answer;
};
