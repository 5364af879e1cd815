SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.banners (
    id integer NOT NULL,
    url character varying(2048)
);
COMMENT ON TABLE public.banners IS 'A picture over a category.';
COMMENT ON COLUMN public.banners.url IS 'Where the picture is';
CREATE SEQUENCE public.banners_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.banners_id_seq OWNED BY public.banners.id;
CREATE TABLE public.categories (
    id integer NOT NULL,
    title character varying(255) NOT NULL,
    banner_id integer
);
COMMENT ON TABLE public.categories IS 'What a post is about.';
CREATE SEQUENCE public.categories_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.categories_id_seq OWNED BY public.categories.id;
CREATE TABLE public.comments (
    id integer NOT NULL,
    content text,
    post_id integer
);
COMMENT ON TABLE public.comments IS 'What a reader answered.';
CREATE SEQUENCE public.comments_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.comments_id_seq OWNED BY public.comments.id;
CREATE TABLE public.executions (
    id bigint NOT NULL,
    once character varying(512) NOT NULL,
    key character varying(64) NOT NULL,
    workflow_id integer NOT NULL,
    version integer NOT NULL,
    document jsonb NOT NULL,
    status character varying(16) NOT NULL,
    sync boolean NOT NULL,
    manual boolean NOT NULL,
    collection character varying(255),
    record_key character varying(255),
    association character varying(255),
    context jsonb NOT NULL,
    user_id integer,
    role_name character varying(64),
    request_id character varying(128),
    cause bigint,
    attempt integer NOT NULL,
    output jsonb,
    messages jsonb NOT NULL,
    error text,
    lease character varying(36),
    leased_until timestamp with time zone,
    resume_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    rerun_of bigint
);
COMMENT ON TABLE public.executions IS 'One run of one workflow version.';
COMMENT ON COLUMN public.executions.status IS 'QUEUED: queued\nRUNNING: running\nWAITING: waiting\nSUCCEEDED: succeeded\nFAILED: failed\nERROR: error\nCANCELLED: cancelled\nTIMED_OUT: timed_out\nSKIPPED: skipped';
COMMENT ON COLUMN public.executions.attempt IS 'How many processes have taken it up';
COMMENT ON COLUMN public.executions.resume_at IS 'When one that waits goes on';
CREATE SEQUENCE public.executions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.executions_id_seq OWNED BY public.executions.id;
CREATE TABLE public.idempotency_keys (
    id bigint NOT NULL,
    scope character varying(64) NOT NULL,
    field character varying(64) NOT NULL,
    fingerprint character varying(64) NOT NULL,
    answer text NOT NULL,
    waits_for jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.idempotency_keys IS 'What a write was answered, to answer it again when the same request comes again.';
COMMENT ON COLUMN public.idempotency_keys.scope IS 'Of user, role, route and the key of the caller';
COMMENT ON COLUMN public.idempotency_keys.field IS 'Which write of a GraphQL request it is';
CREATE SEQUENCE public.idempotency_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.idempotency_keys_id_seq OWNED BY public.idempotency_keys.id;
CREATE TABLE public.jobs (
    id bigint NOT NULL,
    node_key character varying(64) NOT NULL,
    path character varying(255) NOT NULL,
    status character varying(16) NOT NULL,
    input jsonb,
    result jsonb,
    error text,
    branch character varying(64),
    round integer,
    leave character varying(16),
    stops boolean NOT NULL,
    attempt integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    execution_id bigint NOT NULL
);
COMMENT ON TABLE public.jobs IS 'One node run of an execution. `path` places it in branches, and is unique within the execution.';
COMMENT ON COLUMN public.jobs.status IS 'QUEUED: queued\nRUNNING: running\nWAITING: waiting\nSUCCEEDED: succeeded\nFAILED: failed\nERROR: error\nCANCELLED: cancelled\nTIMED_OUT: timed_out\nSKIPPED: skipped';
COMMENT ON COLUMN public.jobs.branch IS 'The branch it entered';
COMMENT ON COLUMN public.jobs.round IS 'The round that a loop is in, or was in last';
COMMENT ON COLUMN public.jobs.leave IS 'How it ended the round around it';
COMMENT ON COLUMN public.jobs.stops IS 'Whether the run ended with it';
CREATE SEQUENCE public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.jobs_id_seq OWNED BY public.jobs.id;
CREATE TABLE public.notes (
    id integer NOT NULL,
    text text
);
COMMENT ON TABLE public.notes IS 'A line that a workflow wrote.';
CREATE SEQUENCE public.notes_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.notes_id_seq OWNED BY public.notes.id;
CREATE TABLE public.posts (
    id integer NOT NULL,
    title character varying(255) NOT NULL,
    content text,
    status character varying(32) NOT NULL,
    read_count integer NOT NULL,
    secret_note character varying(255),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    author_id integer,
    category_id integer
);
COMMENT ON TABLE public.posts IS 'Something somebody wrote.';
COMMENT ON COLUMN public.posts.title IS 'What the reader sees first';
COMMENT ON COLUMN public.posts.read_count IS 'How often it was read';
COMMENT ON COLUMN public.posts.secret_note IS 'For the editors'' eyes';
CREATE SEQUENCE public.posts_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.posts_id_seq OWNED BY public.posts.id;
CREATE TABLE public.posts_tags (
    post_id integer NOT NULL,
    tag_id integer NOT NULL
);
CREATE TABLE public.revoked_tokens (
    jti character varying(64) NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.revoked_tokens IS 'A token that was signed out before its time, kept until it would have expired.';
CREATE TABLE public.roles (
    name character varying(64) NOT NULL,
    title character varying(255),
    grants jsonb NOT NULL,
    workflows jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.roles IS 'What its holders may do. `workflows` is a list of keys, or true for all.';
CREATE TABLE public.tags (
    id integer NOT NULL,
    name character varying(255) NOT NULL
);
COMMENT ON TABLE public.tags IS 'A word to find posts by.';
CREATE SEQUENCE public.tags_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.tags_id_seq OWNED BY public.tags.id;
CREATE TABLE public.tortoise_migrations (
    id integer NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.tortoise_migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.tortoise_migrations_id_seq OWNED BY public.tortoise_migrations.id;
CREATE TABLE public.users (
    id integer NOT NULL,
    username character varying(255) NOT NULL,
    email character varying(255),
    nickname character varying(255),
    password_hash character varying(255) NOT NULL,
    tokens_valid_from timestamp with time zone,
    default_role character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.users IS 'Somebody who may sign in.';
CREATE SEQUENCE public.users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;
CREATE TABLE public.users_roles (
    user_id integer NOT NULL,
    role_name character varying(64) NOT NULL
);
CREATE TABLE public.workflows (
    id integer NOT NULL,
    key character varying(64) NOT NULL,
    version integer NOT NULL,
    title character varying(255) NOT NULL,
    type character varying(32) NOT NULL,
    sync boolean NOT NULL,
    enabled boolean NOT NULL,
    current boolean NOT NULL,
    enabled_key character varying(64),
    current_key character varying(64),
    config jsonb NOT NULL,
    options jsonb NOT NULL,
    nodes jsonb NOT NULL,
    executed integer NOT NULL,
    created_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.workflows IS 'One version of a workflow, an immutable document once it has run.';
COMMENT ON COLUMN public.workflows.type IS 'ACTION: action';
COMMENT ON COLUMN public.workflows.executed IS 'How many executions this version has had';
CREATE SEQUENCE public.workflows_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.workflows_id_seq OWNED BY public.workflows.id;
ALTER TABLE ONLY public.banners ALTER COLUMN id SET DEFAULT nextval('public.banners_id_seq'::regclass);
ALTER TABLE ONLY public.categories ALTER COLUMN id SET DEFAULT nextval('public.categories_id_seq'::regclass);
ALTER TABLE ONLY public.comments ALTER COLUMN id SET DEFAULT nextval('public.comments_id_seq'::regclass);
ALTER TABLE ONLY public.executions ALTER COLUMN id SET DEFAULT nextval('public.executions_id_seq'::regclass);
ALTER TABLE ONLY public.idempotency_keys ALTER COLUMN id SET DEFAULT nextval('public.idempotency_keys_id_seq'::regclass);
ALTER TABLE ONLY public.jobs ALTER COLUMN id SET DEFAULT nextval('public.jobs_id_seq'::regclass);
ALTER TABLE ONLY public.notes ALTER COLUMN id SET DEFAULT nextval('public.notes_id_seq'::regclass);
ALTER TABLE ONLY public.posts ALTER COLUMN id SET DEFAULT nextval('public.posts_id_seq'::regclass);
ALTER TABLE ONLY public.tags ALTER COLUMN id SET DEFAULT nextval('public.tags_id_seq'::regclass);
ALTER TABLE ONLY public.tortoise_migrations ALTER COLUMN id SET DEFAULT nextval('public.tortoise_migrations_id_seq'::regclass);
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
ALTER TABLE ONLY public.workflows ALTER COLUMN id SET DEFAULT nextval('public.workflows_id_seq'::regclass);
INSERT INTO public.banners VALUES (1, '/banners/bang.png');
INSERT INTO public.categories VALUES (1, 'Announcements', 1);
INSERT INTO public.comments VALUES (1, 'Nothing is lost when the plug is pulled?', 1);
INSERT INTO public.posts VALUES (1, 'A write that fires a workflow', 'Name a workflow in the write, and the related record to hand it.', 'published', 0, NULL, '2026-11-25 08:40:44.674235+00', '2026-11-25 08:40:44.674253+00', 1, 1);
INSERT INTO public.posts VALUES (2, 'A post without a category', NULL, 'draft', 0, NULL, '2026-11-25 08:40:44.675119+00', '2026-11-25 08:40:44.67513+00', 1, NULL);
INSERT INTO public.posts_tags VALUES (1, 1);
INSERT INTO public.posts_tags VALUES (1, 2);
INSERT INTO public.posts_tags VALUES (2, 2);
INSERT INTO public.roles VALUES ('root', 'Root', '{"*": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "roles": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "users": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "workflows": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "executions": {"read": {}, "create": {}, "update": {}, "destroy": {}}}', 'true', '2026-11-25 08:40:44.472408+00');
INSERT INTO public.roles VALUES ('admin', 'Administrator', '{"*": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "roles": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "users": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "workflows": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "executions": {"read": {}, "create": {}, "update": {}, "destroy": {}}}', 'true', '2026-11-25 08:40:44.473109+00');
INSERT INTO public.roles VALUES ('editor', 'Editor', '{"*": {"read": {}, "create": {}, "update": {}, "destroy": {}}, "executions": {"read": {}}}', 'true', '2026-11-25 08:40:44.473336+00');
INSERT INTO public.roles VALUES ('member', 'Member', '{"tags": {"read": {}}, "posts": {"read": {}, "create": {}}, "comments": {"read": {}}, "categories": {"read": {}, "create": {}}}', '["post-created", "category-created", "post-audit"]', '2026-11-25 08:40:44.473559+00');
INSERT INTO public.tags VALUES (1, 'news');
INSERT INTO public.tags VALUES (2, 'python');
INSERT INTO public.tortoise_migrations VALUES (1, 'system', '0001_initial', '2026-11-25 08:40:43.969744+00');
INSERT INTO public.tortoise_migrations VALUES (2, 'app', '0001_initial', '2026-11-25 08:40:44.390871+00');
INSERT INTO public.users VALUES (1, 'root', NULL, 'Root', '$argon2id$v=19$m=19456,t=2,p=1$LK4cAOZeuXBfJPX9lquUXw$qakVfDidkcPcLeX9aUM69Rb1HozjV3Tx2ljeRbwgsMo', NULL, 'root', '2026-11-25 08:40:44.572955+00', '2026-11-25 08:40:44.572964+00');
INSERT INTO public.users_roles VALUES (1, 'editor');
INSERT INTO public.users_roles VALUES (1, 'root');
INSERT INTO public.users_roles VALUES (1, 'member');
INSERT INTO public.users_roles VALUES (1, 'admin');
INSERT INTO public.workflows VALUES (1, 'post-created', 1, 'Take a note of a post that somebody hands over', 'action', false, true, true, 'post-created', 'post-created', '{"collection": "posts"}', '{}', '[{"key": "note", "type": "create", "config": {"values": {"text": "{{$context.user.username}} wrote ''{{$context.data.title}}''"}, "collection": "notes"}}]', 0, '2026-11-25 08:40:44.596073+00');
INSERT INTO public.workflows VALUES (2, 'category-created', 1, 'Take a note of a category that somebody hands over', 'action', false, true, true, 'category-created', 'category-created', '{"appends": ["banner"], "collection": "categories"}', '{}', '[{"key": "note", "type": "create", "config": {"values": {"text": "New category ''{{$context.data.title}}''"}, "collection": "notes"}}]', 0, '2026-11-25 08:40:44.622091+00');
INSERT INTO public.workflows VALUES (3, 'post-audit', 1, 'Take a note of everything that happens to posts', 'action', false, true, true, 'post-audit', 'post-audit', '{"global": true, "actions": ["create", "update", "destroy"], "collection": "posts"}', '{}', '[{"key": "note", "type": "create", "config": {"values": {"text": "{{$context.action}} of post {{$context.data.id}} by {{$context.roleName}}"}, "collection": "notes"}}]', 0, '2026-11-25 08:40:44.639899+00');
SELECT pg_catalog.setval('public.banners_id_seq', 1, true);
SELECT pg_catalog.setval('public.categories_id_seq', 1, true);
SELECT pg_catalog.setval('public.comments_id_seq', 1, true);
SELECT pg_catalog.setval('public.executions_id_seq', 1, false);
SELECT pg_catalog.setval('public.idempotency_keys_id_seq', 1, false);
SELECT pg_catalog.setval('public.jobs_id_seq', 1, false);
SELECT pg_catalog.setval('public.notes_id_seq', 1, false);
SELECT pg_catalog.setval('public.posts_id_seq', 2, true);
SELECT pg_catalog.setval('public.tags_id_seq', 2, true);
SELECT pg_catalog.setval('public.tortoise_migrations_id_seq', 2, true);
SELECT pg_catalog.setval('public.users_id_seq', 1, true);
SELECT pg_catalog.setval('public.workflows_id_seq', 3, true);
ALTER TABLE ONLY public.banners
    ADD CONSTRAINT banners_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_banner_id_key UNIQUE (banner_id);
ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT executions_once_key UNIQUE (once);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT executions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_category_id_key UNIQUE (category_id);
ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.revoked_tokens
    ADD CONSTRAINT revoked_tokens_pkey PRIMARY KEY (jti);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tortoise_migrations
    ADD CONSTRAINT tortoise_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT uid_idempotency_scope_4e1cc0 UNIQUE (scope, field);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT uid_jobs_executi_22a36a UNIQUE (execution_id, path);
ALTER TABLE ONLY public.tortoise_migrations
    ADD CONSTRAINT uid_tortoise_mi_app_3803a5 UNIQUE (app, name);
ALTER TABLE ONLY public.workflows
    ADD CONSTRAINT uid_workflows_key_c604f7 UNIQUE (key, version);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_username_key UNIQUE (username);
ALTER TABLE ONLY public.workflows
    ADD CONSTRAINT workflows_current_key_key UNIQUE (current_key);
ALTER TABLE ONLY public.workflows
    ADD CONSTRAINT workflows_enabled_key_key UNIQUE (enabled_key);
ALTER TABLE ONLY public.workflows
    ADD CONSTRAINT workflows_pkey PRIMARY KEY (id);
CREATE INDEX idx_executions_cause_b0a118 ON public.executions USING btree (cause);
CREATE INDEX idx_executions_collect_292460 ON public.executions USING btree (collection, record_key, id);
CREATE INDEX idx_executions_created_fca5c0 ON public.executions USING btree (created_at);
CREATE INDEX idx_executions_key_97e37d ON public.executions USING btree (key, id);
CREATE INDEX idx_executions_request_55b101 ON public.executions USING btree (request_id, id);
CREATE INDEX idx_executions_status_758675 ON public.executions USING btree (status, id);
CREATE INDEX idx_executions_user_id_799c6d ON public.executions USING btree (user_id, id);
CREATE INDEX idx_executions_workflo_a56877 ON public.executions USING btree (workflow_id);
CREATE INDEX idx_idempotency_created_944834 ON public.idempotency_keys USING btree (created_at);
CREATE INDEX idx_revoked_tok_expires_b3eec6 ON public.revoked_tokens USING btree (expires_at);
CREATE INDEX idx_workflows_key_d760e7 ON public.workflows USING btree (key);
CREATE UNIQUE INDEX uidx_posts_tags_post_id_ace127 ON public.posts_tags USING btree (post_id, tag_id);
CREATE UNIQUE INDEX uidx_users_roles_user_id_717187 ON public.users_roles USING btree (user_id, role_name);
ALTER TABLE ONLY public.categories
    ADD CONSTRAINT categories_banner_id_fkey FOREIGN KEY (banner_id) REFERENCES public.banners(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES public.executions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_category_id_fkey FOREIGN KEY (category_id) REFERENCES public.categories(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.posts_tags
    ADD CONSTRAINT posts_tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.posts_tags
    ADD CONSTRAINT posts_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES public.tags(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.users_roles
    ADD CONSTRAINT users_roles_role_name_fkey FOREIGN KEY (role_name) REFERENCES public.roles(name) ON DELETE CASCADE;
ALTER TABLE ONLY public.users_roles
    ADD CONSTRAINT users_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
