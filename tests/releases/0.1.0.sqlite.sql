BEGIN TRANSACTION;
CREATE TABLE "banners" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "url" VARCHAR(2048)   /* Where the picture is */
);
INSERT INTO "banners" VALUES(1,'/banners/bang.png');
CREATE TABLE "categories" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "banner_id" INT  UNIQUE REFERENCES "banners" ("id") ON DELETE SET NULL
);
INSERT INTO "categories" VALUES(1,'Announcements',1);
CREATE TABLE "comments" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "content" TEXT,
    "post_id" INT REFERENCES "posts" ("id") ON DELETE SET NULL
);
INSERT INTO "comments" VALUES(1,'Nothing is lost when the plug is pulled?',1);
CREATE TABLE "executions" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "once" VARCHAR(512) NOT NULL UNIQUE,
    "key" VARCHAR(64) NOT NULL,
    "workflow_id" INT NOT NULL,
    "version" INT NOT NULL,
    "document" JSON NOT NULL,
    "status" VARCHAR(16) NOT NULL  /* QUEUED: queued\nRUNNING: running\nWAITING: waiting\nSUCCEEDED: succeeded\nFAILED: failed\nERROR: error\nCANCELLED: cancelled\nTIMED_OUT: timed_out\nSKIPPED: skipped */,
    "sync" INT NOT NULL,
    "manual" INT NOT NULL,
    "collection" VARCHAR(255),
    "record_key" VARCHAR(255),
    "association" VARCHAR(255),
    "context" JSON NOT NULL,
    "user_id" INT,
    "role_name" VARCHAR(64),
    "request_id" VARCHAR(128),
    "cause" BIGINT,
    "attempt" INT NOT NULL  /* How many processes have taken it up */,
    "output" JSON,
    "messages" JSON NOT NULL,
    "error" TEXT,
    "lease" VARCHAR(36),
    "leased_until" TIMESTAMP,
    "resume_at" TIMESTAMP   /* When one that waits goes on */,
    "created_at" TIMESTAMP NOT NULL,
    "started_at" TIMESTAMP,
    "finished_at" TIMESTAMP,
    "rerun_of" BIGINT
);
CREATE TABLE "idempotency_keys" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "scope" VARCHAR(64) NOT NULL  /* Of user, role, route and the key of the caller */,
    "field" VARCHAR(64) NOT NULL  /* Which write of a GraphQL request it is */,
    "fingerprint" VARCHAR(64) NOT NULL,
    "answer" TEXT NOT NULL,
    "waits_for" JSON NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_idempotency_scope_4e1cc0" UNIQUE ("scope", "field")
);
CREATE TABLE "jobs" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "node_key" VARCHAR(64) NOT NULL,
    "path" VARCHAR(255) NOT NULL,
    "status" VARCHAR(16) NOT NULL  /* QUEUED: queued\nRUNNING: running\nWAITING: waiting\nSUCCEEDED: succeeded\nFAILED: failed\nERROR: error\nCANCELLED: cancelled\nTIMED_OUT: timed_out\nSKIPPED: skipped */,
    "input" JSON,
    "result" JSON,
    "error" TEXT,
    "branch" VARCHAR(64)   /* The branch it entered */,
    "round" INT   /* The round that a loop is in, or was in last */,
    "leave" VARCHAR(16)   /* How it ended the round around it */,
    "stops" INT NOT NULL  /* Whether the run ended with it */,
    "attempt" INT NOT NULL,
    "started_at" TIMESTAMP NOT NULL,
    "finished_at" TIMESTAMP,
    "execution_id" BIGINT NOT NULL REFERENCES "executions" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_jobs_executi_22a36a" UNIQUE ("execution_id", "path")
);
CREATE TABLE "notes" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "text" TEXT
);
CREATE TABLE "posts" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "title" VARCHAR(255) NOT NULL  /* What the reader sees first */,
    "content" TEXT,
    "status" VARCHAR(32) NOT NULL,
    "read_count" INT NOT NULL  /* How often it was read */,
    "secret_note" VARCHAR(255)   /* For the editors' eyes */,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "author_id" INT REFERENCES "users" ("id") ON DELETE SET NULL,
    "category_id" INT  UNIQUE REFERENCES "categories" ("id") ON DELETE SET NULL
);
INSERT INTO "posts" VALUES(1,'A write that fires a workflow','Name a workflow in the write, and the related record to hand it.','published',0,NULL,'2026-11-25 08:40:39.488287+00:00','2026-11-25 08:40:39.488299+00:00',1,1);
INSERT INTO "posts" VALUES(2,'A post without a category',NULL,'draft',0,NULL,'2026-11-25 08:40:39.491063+00:00','2026-11-25 08:40:39.491070+00:00',1,NULL);
CREATE TABLE "posts_tags" (
    "post_id" INT NOT NULL REFERENCES "posts" ("id") ON DELETE CASCADE,
    "tag_id" INT NOT NULL REFERENCES "tags" ("id") ON DELETE CASCADE
);
INSERT INTO "posts_tags" VALUES(1,1);
INSERT INTO "posts_tags" VALUES(1,2);
INSERT INTO "posts_tags" VALUES(2,2);
CREATE TABLE "revoked_tokens" (
    "jti" VARCHAR(64) NOT NULL  PRIMARY KEY,
    "expires_at" TIMESTAMP NOT NULL
);
CREATE TABLE "roles" (
    "name" VARCHAR(64) NOT NULL  PRIMARY KEY,
    "title" VARCHAR(255),
    "grants" JSON NOT NULL,
    "workflows" JSON NOT NULL,
    "created_at" TIMESTAMP NOT NULL
);
INSERT INTO "roles" VALUES('root','Root','{"*":{"read":{},"create":{},"update":{},"destroy":{}},"users":{"read":{},"create":{},"update":{},"destroy":{}},"roles":{"read":{},"create":{},"update":{},"destroy":{}},"workflows":{"read":{},"create":{},"update":{},"destroy":{}},"executions":{"read":{},"create":{},"update":{},"destroy":{}}}','true','2026-11-25 08:40:39.321417+00:00');
INSERT INTO "roles" VALUES('admin','Administrator','{"*":{"read":{},"create":{},"update":{},"destroy":{}},"users":{"read":{},"create":{},"update":{},"destroy":{}},"roles":{"read":{},"create":{},"update":{},"destroy":{}},"workflows":{"read":{},"create":{},"update":{},"destroy":{}},"executions":{"read":{},"create":{},"update":{},"destroy":{}}}','true','2026-11-25 08:40:39.322857+00:00');
INSERT INTO "roles" VALUES('editor','Editor','{"*":{"read":{},"create":{},"update":{},"destroy":{}},"executions":{"read":{}}}','true','2026-11-25 08:40:39.323022+00:00');
INSERT INTO "roles" VALUES('member','Member','{"posts":{"read":{},"create":{}},"categories":{"read":{},"create":{}},"tags":{"read":{}},"comments":{"read":{}}}','["post-created","category-created","post-audit"]','2026-11-25 08:40:39.323144+00:00');
CREATE TABLE "tags" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "name" VARCHAR(255) NOT NULL
);
INSERT INTO "tags" VALUES(1,'news');
INSERT INTO "tags" VALUES(2,'python');
CREATE TABLE "tortoise_migrations" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "app" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "applied_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_tortoise_mi_app_3803a5" UNIQUE ("app", "name")
);
INSERT INTO "tortoise_migrations" VALUES(1,'system','0001_initial','2026-11-25 08:40:38.985301+00:00');
INSERT INTO "tortoise_migrations" VALUES(2,'app','0001_initial','2026-11-25 08:40:39.285090+00:00');
CREATE TABLE "users" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "username" VARCHAR(255) NOT NULL UNIQUE,
    "email" VARCHAR(255)  UNIQUE,
    "nickname" VARCHAR(255),
    "password_hash" VARCHAR(255) NOT NULL,
    "tokens_valid_from" TIMESTAMP,
    "default_role" VARCHAR(64) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL
);
INSERT INTO "users" VALUES(1,'root',NULL,'Root','$argon2id$v=19$m=19456,t=2,p=1$MF5QpIBiUnuFH0sbMqrzrg$YM1XJMweiir2lSQyISd+xPQhUCCkpi0ZdG4I5oVNPhQ',NULL,'root','2026-11-25 08:40:39.439233+00:00','2026-11-25 08:40:39.439249+00:00');
CREATE TABLE "users_roles" (
    "user_id" INT NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    "role_name" VARCHAR(64) NOT NULL REFERENCES "roles" ("name") ON DELETE CASCADE
);
INSERT INTO "users_roles" VALUES(1,'editor');
INSERT INTO "users_roles" VALUES(1,'root');
INSERT INTO "users_roles" VALUES(1,'admin');
INSERT INTO "users_roles" VALUES(1,'member');
CREATE TABLE "workflows" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "version" INT NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "type" VARCHAR(32) NOT NULL  /* ACTION: action */,
    "sync" INT NOT NULL,
    "enabled" INT NOT NULL,
    "current" INT NOT NULL,
    "enabled_key" VARCHAR(64)  UNIQUE,
    "current_key" VARCHAR(64)  UNIQUE,
    "config" JSON NOT NULL,
    "options" JSON NOT NULL,
    "nodes" JSON NOT NULL,
    "executed" INT NOT NULL  /* How many executions this version has had */,
    "created_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_workflows_key_c604f7" UNIQUE ("key", "version")
);
INSERT INTO "workflows" VALUES(1,'post-created',1,'Take a note of a post that somebody hands over','action',0,1,1,'post-created','post-created','{"collection":"posts"}','{}','[{"key":"note","type":"create","config":{"collection":"notes","values":{"text":"{{$context.user.username}} wrote ''{{$context.data.title}}''"}}}]',0,'2026-11-25 08:40:39.449473+00:00');
INSERT INTO "workflows" VALUES(2,'category-created',1,'Take a note of a category that somebody hands over','action',0,1,1,'category-created','category-created','{"collection":"categories","appends":["banner"]}','{}','[{"key":"note","type":"create","config":{"collection":"notes","values":{"text":"New category ''{{$context.data.title}}''"}}}]',0,'2026-11-25 08:40:39.467056+00:00');
INSERT INTO "workflows" VALUES(3,'post-audit',1,'Take a note of everything that happens to posts','action',0,1,1,'post-audit','post-audit','{"collection":"posts","global":true,"actions":["create","update","destroy"]}','{}','[{"key":"note","type":"create","config":{"collection":"notes","values":{"text":"{{$context.action}} of post {{$context.data.id}} by {{$context.roleName}}"}}}]',0,'2026-11-25 08:40:39.473885+00:00');
CREATE INDEX "idx_executions_workflo_a56877" ON "executions" ("workflow_id");
CREATE INDEX "idx_executions_cause_b0a118" ON "executions" ("cause");
CREATE INDEX "idx_executions_key_97e37d" ON "executions" ("key", "id");
CREATE INDEX "idx_executions_status_758675" ON "executions" ("status", "id");
CREATE INDEX "idx_executions_collect_292460" ON "executions" ("collection", "record_key", "id");
CREATE INDEX "idx_executions_user_id_799c6d" ON "executions" ("user_id", "id");
CREATE INDEX "idx_executions_request_55b101" ON "executions" ("request_id", "id");
CREATE INDEX "idx_executions_created_fca5c0" ON "executions" ("created_at");
CREATE INDEX "idx_idempotency_created_944834" ON "idempotency_keys" ("created_at");
CREATE INDEX "idx_revoked_tok_expires_b3eec6" ON "revoked_tokens" ("expires_at");
CREATE UNIQUE INDEX "uidx_users_roles_user_id_717187" ON "users_roles" ("user_id", "role_name");
CREATE INDEX "idx_workflows_key_d760e7" ON "workflows" ("key");
CREATE UNIQUE INDEX "uidx_posts_tags_post_id_ace127" ON "posts_tags" ("post_id", "tag_id");
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('tortoise_migrations',2);
INSERT INTO "sqlite_sequence" VALUES('users',1);
INSERT INTO "sqlite_sequence" VALUES('workflows',3);
INSERT INTO "sqlite_sequence" VALUES('tags',2);
INSERT INTO "sqlite_sequence" VALUES('banners',1);
INSERT INTO "sqlite_sequence" VALUES('categories',1);
INSERT INTO "sqlite_sequence" VALUES('posts',2);
INSERT INTO "sqlite_sequence" VALUES('comments',1);
COMMIT;
