-- Whoever sends for a Page settles what its echoes tell of.
CREATE INDEX echoes_by_page ON echoes (page, send);
