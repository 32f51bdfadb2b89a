// Loaded before a program of Node's: whatever it serves, it serves to this machine alone.
"use strict";
const net = require("node:net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const options = typeof port === "object" ? port : { port: Number(port) };
  return listen.call(this, { ...options, host: "127.0.0.1" }, ...rest.filter((each) => typeof each === "function"));
};
