// Loaded into the service (`node --import`): should the demo be killed, its end of this pipe closes and the service ends
// as on Ctrl-C, its PostgreSQL included.
process.stdin
  .once('close', () => process.kill(process.pid, 'SIGTERM'))
  .on('error', () => undefined)
  .resume();
