-- For how far a stream's sends are known.
CREATE INDEX sends_by_place ON sends (stream, place);
