create table records (id serial primary key, title text not null unique, year integer);
insert into records (title, year) values ('Kind of Blue', 1959), ('Blue Train', 1958);
