// The peer for a fixed answer: the body is read whole and not looked at.
//
//     node fixed_node.js PORT
const http = require('http');

const answer = Buffer.from(
  '{"predictions":[0.64328217],"probabilities":[{"0":0.35671783,"1":0.64328217}]}' + ' '.repeat(41) + '\n');
const fields = { 'Content-Type': 'application/json', 'Content-Length': answer.length };

const server = http.createServer((request, response) => {
  request.on('data', () => {});
  request.on('end', () => {
    response.writeHead(200, fields);
    response.end(answer);
  });
});
server.keepAliveTimeout = 75000;
server.listen(Number(process.argv[2]), '127.0.0.1');
