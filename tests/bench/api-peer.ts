import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';

/** What the same answer costs where nobody asks who calls, and nothing is looked up: Fastify's route, and Express's. */
const [body] = (await once(process, 'message')) as [string];
const type = 'application/json; charset=utf-8';
const fastify = Fastify();
fastify.get('/', async (_, reply) => reply.type(type).send(body));
const other = express();
other.get('/', (_, response) => {
  response.type(type).send(body);
});
const listening = other.listen(0, '127.0.0.1');
await once(listening, 'listening');
const urls = {
  'bare Fastify': await fastify.listen({ host: '127.0.0.1', port: 0 }),
  Express: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
};
process.once('disconnect', () => process.exit(0));
process.send!(urls);
