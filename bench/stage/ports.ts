export { freePorts } from '@tidegate/embedded/testing';
