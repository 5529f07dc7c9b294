import { bindShell } from '../frame/page/shell.ts';
import { byId } from '../shared/dom.ts';

bindShell();
byId('adapter').hidden = true; // the lessons say what computes
