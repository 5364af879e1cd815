from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    initial = True
    dependencies = [("system", "0001_initial")]

    operations = [
        ops.CreateModel(
            name='Banner',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('url', fields.CharField(null=True, description='Where the picture is', max_length=2048)),
            ],
            options={'table': 'banners', 'app': 'app', 'pk_attr': 'id', 'table_description': 'A picture over a category.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Category',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('title', fields.CharField(max_length=255)),
                ('banner', fields.OneToOneField('app.Banner', source_field='banner_id', null=True, db_constraint=True, to_field='id', related_name='category', on_delete=OnDelete.SET_NULL)),
            ],
            options={'table': 'categories', 'app': 'app', 'pk_attr': 'id', 'table_description': 'What a post is about.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Note',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('text', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'notes', 'app': 'app', 'pk_attr': 'id', 'table_description': 'A line that a workflow wrote.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Tag',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('name', fields.CharField(max_length=255)),
            ],
            options={'table': 'tags', 'app': 'app', 'pk_attr': 'id', 'table_description': 'A word to find posts by.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Post',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('title', fields.CharField(description='What the reader sees first', max_length=255)),
                ('content', fields.TextField(null=True, unique=False)),
                ('status', fields.CharField(default='draft', max_length=32)),
                ('read_count', fields.IntField(default=0, description='How often it was read')),
                ('secret_note', fields.CharField(null=True, description="For the editors' eyes", max_length=255)),
                ('category', fields.OneToOneField('app.Category', source_field='category_id', null=True, db_constraint=True, to_field='id', related_name='post', on_delete=OnDelete.SET_NULL)),
                ('author', fields.ForeignKeyField('system.User', source_field='author_id', null=True, db_constraint=True, to_field='id', related_name='posts', on_delete=OnDelete.SET_NULL)),
                ('tags', fields.ManyToManyField('app.Tag', unique=True, db_constraint=True, through='posts_tags', forward_key='tag_id', backward_key='post_id', related_name='posts', on_delete=OnDelete.CASCADE)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={'table': 'posts', 'app': 'app', 'pk_attr': 'id', 'table_description': 'Something somebody wrote.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Comment',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('content', fields.TextField(null=True, unique=False)),
                ('post', fields.ForeignKeyField('app.Post', source_field='post_id', null=True, db_constraint=True, to_field='id', related_name='comments', on_delete=OnDelete.SET_NULL)),
            ],
            options={'table': 'comments', 'app': 'app', 'pk_attr': 'id', 'table_description': 'What a reader answered.'},
            bases=['Model'],
        ),
    ]
