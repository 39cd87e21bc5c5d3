// POST / with a name in the body signs the book, GET / reads it. Where the database is comes with the environment: PGHOST, PGPORT and so on.
const http = require('http');
const os = require('os');
const { Pool } = require('pg');

const pool = new Pool({ connectionTimeoutMillis: 5000 });
pool.on('error', (fault) => console.error(`the database went: ${fault.message}`));

async function body(request) {
  let text = '';
  for await (const part of request) text += part;
  return text.trim();
}

async function answer(request) {
  if (request.url === '/alive') return { server: os.hostname() };
  if (request.method === 'POST') await pool.query('insert into guests (name) values ($1)', [await body(request)]);
  const { rows } = await pool.query('select name from guests order by at');
  return { server: os.hostname(), guests: rows.map((row) => row.name) };
}

http.createServer((request, response) => {
  answer(request).then(
    (found) => response.end(`${JSON.stringify(found)}\n`),
    (fault) => response.writeHead(503).end(`${fault.message}\n`),
  );
}).listen(process.env.PORT);
