import axios from 'axios';
import { BoundedHttp } from '../../src/modules/crm-connection/simplybook/http.ts';
import { SimplyBookSettings } from '../../src/modules/crm-connection/simplybook/settings.ts';

/** Asks the address it is given once and prints what came back: run on its own, for the environment of a process. */
const restUrl = process.argv[2] ?? '';
const http = new BoundedHttp(axios, new SimplyBookSettings({ restUrl }), 'anywhere');
const exchange = await http.exchange({ method: 'GET', url: restUrl }, new AbortController().signal);
process.stdout.write(JSON.stringify(exchange));
http.close();
