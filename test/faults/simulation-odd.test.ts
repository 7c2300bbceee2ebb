import { describeShareOfSeeds } from './seeds.ts';

describeShareOfSeeds(1, 2);
