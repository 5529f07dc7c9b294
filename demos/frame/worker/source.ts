import type { DataFacts } from '../protocol.ts';
import type { Loaded, Loading, Source } from './trainee.ts';

/** What loads a page's data. */
export interface DataLoaders<V, Data> {
  /** Loads the data, once for each value of the settings that act so. */
  load(loading: Loading<V>): Promise<Loaded<Data>>;
  /**
   * Loads what a first look needs. Where the page opens on a trained network, `load` waits then until someone trains, or
   * for a quiet moment.
   */
  first?(loading: Loading<V>): Promise<Loaded<Partial<Data>>>;
}

/** Loads the data of a first look at once, and the others when they are asked for. @param tell of what has come */
export function sourceOf<V, Data>(
  loaders: DataLoaders<V, Data>,
  loading: Loading<V>,
  tell: (facts: DataFacts) => void,
): Source<Data> {
  let latest: Loaded<Partial<Data>> | undefined;
  const told = <D extends Partial<Data>>(coming: Promise<Loaded<D>>) => {
    coming.then(
      (loaded) => {
        latest = loaded;
        tell(loaded.facts);
      },
      () => {}, // the runner meets it too, and tells
    );
    return coming;
  };
  let all: Promise<Loaded<Data>> | undefined;
  const first = loaders.first && told(loaders.first({ ...loading, progress: () => {} }));
  return {
    get latest() {
      return latest;
    },
    get first() {
      return first && (all ?? first);
    },
    all: () => (all ??= told(loaders.load(loading))),
  };
}
