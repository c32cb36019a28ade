import axios from 'axios';
import { RestHttp } from '../../src/modules/crm-connection/simplybook/rest-http.ts';
import { SimplyBookSettings } from '../../src/modules/crm-connection/simplybook/settings.ts';

/** Asks the address it is given once and prints what came back: run on its own, for the environment of a process. */
const restUrl = process.argv[2] ?? '';
const http = new RestHttp(axios, new SimplyBookSettings({ restUrl }));
const exchange = await http.exchange({ method: 'GET', url: restUrl }, new AbortController().signal);
process.stdout.write(JSON.stringify(exchange));
http.close();
