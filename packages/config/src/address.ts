/** Where a resource is: `host:port`, `[v6]:port`, or `/folder/of/socket:port`. */
import { z } from 'zod';

export type Address =
  | { readonly host: string; readonly port: number }
  | { readonly socket: string; readonly port: number };

const PORTED = /^(.+):(\d{1,5})$/s;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

// Made once: making a schema costs more than asking it, and ten thousand resources ask at every change.
const IPV4 = z.ipv4();
const IPV6 = z.ipv6();
const isIPv4 = (text: string): boolean => IPV4.safeParse(text).success;
const isIPv6 = (text: string): boolean => IPV6.safeParse(text).success;

/** The address, or what is wrong with it, as a sentence. */
export function parseAddress(text: string): Address | string {
  const [, place = '', digits = ''] = PORTED.exec(text) ?? [];
  if (place === '') return 'The address must end in a port: host:port, [v6]:port or /folder/of/socket:port.';
  const port = Number(digits);
  if (port < 1 || port > 65_535) return `Port ${digits} is not between 1 and 65535.`;
  if (place.startsWith('/')) {
    return place.includes('\0') ? 'The socket’s folder must not hold a NUL.' : { socket: place, port };
  }
  const bracketed = /^\[(.+)\]$/.exec(place)?.[1];
  if (bracketed !== undefined) {
    return isIPv6(bracketed) ? { host: bracketed, port } : 'Only an IPv6 address stands in brackets.';
  }
  if (isIPv6(place)) return 'An IPv6 address must stand in brackets: [v6]:port.';
  if (isIPv4(place) || HOST_NAME.test(place)) return { host: place, port };
  return 'The address is neither a host name, nor an IP address, nor a folder.';
}

/** True for what never leaves this machine: a Unix socket, `localhost`, 127.0.0.0/8, ::1. */
export function isLocal(address: Address): boolean {
  if ('socket' in address) return true;
  const { host } = address;
  return /^localhost\.?$/i.test(host) || (isIPv4(host) && host.startsWith('127.')) || host === '::1';
}
