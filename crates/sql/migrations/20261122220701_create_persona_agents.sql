-- Who of a Page's staff speaks under which persona. Not derived: whoever looks after the Page said so.
CREATE TABLE persona_agents (
    page TEXT NOT NULL,
    agent TEXT NOT NULL,
    persona TEXT NOT NULL,
    PRIMARY KEY (page, agent)
);
