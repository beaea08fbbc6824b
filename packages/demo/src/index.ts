export { type Orders, type OrdersOptions, type OrdersResource, startOrders } from './orders.ts';
export { demoPassword } from './password.ts';
export { demoConfig, type SeedOptions, seedDemo } from './seed.ts';
