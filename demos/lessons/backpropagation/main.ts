import { coalesce } from '../../shared/coalesce.ts';
import { byId } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { bindExercises } from '../common/exerciseList.ts';
import { bindKnobs } from '../common/knobs.ts';
import { lesson, ready } from '../common/lesson.ts';
import { createPlayer } from '../common/player.ts';
import { exercises } from './exercises.ts';
import type { Kernels } from './kernels.ts';
import { createNetwork } from './network.ts';
import { explain, QUANTITIES, valuesOf } from './quantities.ts';
import type { Ids } from './quantities.ts';
import { settings } from './settings.ts';

/** The numbers in the order in which they are computed. */
const ORDER = Object.keys(QUANTITIES);

lesson<Kernels>('backpropagation', async (call) => {
  const knobs = bindKnobs(settings, () => void refresh());
  const phone = matchMedia('(max-width: 620px)');
  const draw = () =>
    createNetwork(byId('network'), phone.matches, (id) => {
      player.stop();
      select(id);
    });
  let network = draw();
  const refreshKeys = rove(byId('network'), () => 1);
  const check = bindExercises(exercises);
  let values: Ids = {};
  let selected = ORDER[0];
  let updates = 0;

  function select(id: string): void {
    selected = id;
    network.select(id);
    const { title, formula } = explain(id, values);
    byId('title').textContent = title;
    byId('formula').textContent = formula;
    const at = ORDER.indexOf(id);
    const pass = id.startsWith('d') ? 'backward' : 'forward';
    byId('place').textContent = at < 0 ? '' : `${pass}, ${at + 1} of ${ORDER.length}`;
  }

  const refresh = coalesce(async () => {
    const { x1, x2, y, rate } = knobs.values;
    values = valuesOf(await call('look', [x1, x2], y, rate), [x1, x2], y, rate);
    network.show(values);
    select(selected);
    byId('updates').textContent = updates === 1 ? '1 update' : `${updates} updates`;
    check({ loss: values.L, updates });
    ready();
  });

  const player = createPlayer({
    pause: 1100,
    async step() {
      const at = ORDER.indexOf(selected);
      select(ORDER[(at + 1) % ORDER.length]);
      return at + 2 < ORDER.length;
    },
    async reset() {
      updates = 0;
      selected = ORDER[0];
      await call('reset');
      await refresh();
    },
  });
  phone.addEventListener('change', () => {
    network = draw();
    refreshKeys();
    if (document.body.dataset.state !== 'ready') return;
    network.show(values);
    network.select(selected);
  });
  byId('update').addEventListener('click', async () => {
    const { x1, x2, y, rate } = knobs.values;
    updates++;
    await call('update', [x1, x2], y, rate);
    await refresh();
  });
  await refresh();
});
