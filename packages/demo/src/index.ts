export { type Orders, type OrdersOptions, type OrdersResource, startOrders } from './orders.ts';
export { demoPassword } from './password.ts';
export { demoConfig, type SeedOptions, seedDemo } from './seed.ts';
export { canStartShop, type Shop, type ShopOptions, type ShopResource, startShop } from './shop.ts';
