from tortoise import migrations
from tortoise.migrations import operations as ops
from engine.system.models import Status, WorkflowType
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Execution',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('once', fields.CharField(unique=True, max_length=512)),
                ('key', fields.CharField(max_length=64)),
                ('workflow_id', fields.IntField(db_index=True)),
                ('version', fields.IntField()),
                ('document', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('status', fields.CharEnumField(description='QUEUED: queued\nRUNNING: running\nWAITING: waiting\nSUCCEEDED: succeeded\nFAILED: failed\nERROR: error\nCANCELLED: cancelled\nTIMED_OUT: timed_out\nSKIPPED: skipped', enum_type=Status, max_length=16)),
                ('sync', fields.BooleanField()),
                ('manual', fields.BooleanField(default=False)),
                ('collection', fields.CharField(null=True, max_length=255)),
                ('record_key', fields.CharField(null=True, max_length=255)),
                ('association', fields.CharField(null=True, max_length=255)),
                ('context', fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ('user_id', fields.IntField(null=True)),
                ('role_name', fields.CharField(null=True, max_length=64)),
                ('request_id', fields.CharField(null=True, max_length=128)),
                ('cause', fields.BigIntField(null=True, db_index=True)),
                ('attempt', fields.IntField(default=0, description='How many processes have taken it up')),
                ('output', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('messages', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('error', fields.TextField(null=True, unique=False)),
                ('lease', fields.CharField(null=True, max_length=36)),
                ('leased_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('started_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('rerun_of', fields.BigIntField(null=True)),
            ],
            options={'table': 'executions', 'app': 'system', 'indexes': [Index(fields=['key', 'id']), Index(fields=['status', 'id']), Index(fields=['collection', 'record_key', 'id']), Index(fields=['user_id', 'id']), Index(fields=['request_id', 'id']), Index(fields=['created_at'])], 'pk_attr': 'id', 'table_description': 'One run of one workflow version.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Job',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('execution', fields.ForeignKeyField('system.Execution', source_field='execution_id', db_constraint=True, to_field='id', related_name='jobs', on_delete=OnDelete.CASCADE)),
                ('node_key', fields.CharField(max_length=64)),
                ('path', fields.CharField(max_length=255)),
                ('status', fields.CharEnumField(description='QUEUED: queued\nRUNNING: running\nWAITING: waiting\nSUCCEEDED: succeeded\nFAILED: failed\nERROR: error\nCANCELLED: cancelled\nTIMED_OUT: timed_out\nSKIPPED: skipped', enum_type=Status, max_length=16)),
                ('input', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('result', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('error', fields.TextField(null=True, unique=False)),
                ('branch', fields.CharField(null=True, description='The branch it entered', max_length=64)),
                ('stops', fields.BooleanField(default=False, description='Whether the run ended with it')),
                ('attempt', fields.IntField(default=1)),
                ('started_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'jobs', 'app': 'system', 'unique_together': (('execution', 'path'),), 'pk_attr': 'id', 'table_description': 'One node run of an execution. `path` places it in branches, and is unique within the execution.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('scope', fields.CharField(description='Of user, role, route and the key of the caller', max_length=64)),
                ('field', fields.CharField(default='', description='Which write of a GraphQL request it is', max_length=64)),
                ('fingerprint', fields.CharField(max_length=64)),
                ('answer', fields.TextField(unique=False)),
                ('waits_for', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('created_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'idempotency_keys', 'app': 'system', 'unique_together': (('scope', 'field'),), 'pk_attr': 'id', 'table_description': 'What a write was answered, to answer it again when the same request comes again.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RevokedToken',
            fields=[
                ('jti', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('expires_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'revoked_tokens', 'app': 'system', 'pk_attr': 'jti', 'table_description': 'A token that was signed out before its time, kept until it would have expired.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Role',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('title', fields.CharField(null=True, max_length=255)),
                ('grants', fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ('workflows', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'roles', 'app': 'system', 'pk_attr': 'name', 'table_description': 'What its holders may do. `workflows` is a list of keys, or true for all.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='User',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('username', fields.CharField(unique=True, max_length=255)),
                ('email', fields.CharField(null=True, unique=True, max_length=255)),
                ('nickname', fields.CharField(null=True, max_length=255)),
                ('password_hash', fields.CharField(max_length=255)),
                ('tokens_valid_from', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('default_role', fields.CharField(max_length=64)),
                ('roles', fields.ManyToManyField('system.Role', unique=True, db_constraint=True, through='users_roles', forward_key='role_name', backward_key='user_id', related_name='users', on_delete=OnDelete.CASCADE)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={'table': 'users', 'app': 'system', 'pk_attr': 'id', 'table_description': 'Somebody who may sign in.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Workflow',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(db_index=True, max_length=64)),
                ('version', fields.IntField()),
                ('title', fields.CharField(max_length=255)),
                ('type', fields.CharEnumField(description='ACTION: action', enum_type=WorkflowType, max_length=32)),
                ('sync', fields.BooleanField(default=False)),
                ('enabled', fields.BooleanField(default=False)),
                ('current', fields.BooleanField(default=False)),
                ('enabled_key', fields.CharField(null=True, unique=True, max_length=64)),
                ('current_key', fields.CharField(null=True, unique=True, max_length=64)),
                ('config', fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ('options', fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ('nodes', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('executed', fields.IntField(default=0, description='How many executions this version has had')),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'workflows', 'app': 'system', 'unique_together': (('key', 'version'),), 'pk_attr': 'id', 'table_description': 'One version of a workflow, an immutable document once it has run.'},
            bases=['Model'],
        ),
    ]
