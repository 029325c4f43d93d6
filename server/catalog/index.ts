export {
  type CatalogProblem,
  type DiskCatalog,
  type LayoutCatalog,
  type SettingsCatalog,
  SqliteCatalog,
  type StreamCatalog,
} from './catalog.ts';
