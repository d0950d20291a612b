# embed_statements(<target> <folder>): every <folder>/<name>.sql becomes `const struct pg_statement sql_<name>`
# in the target, declared in "statements.h" of its own include path, so that SQL lives in .sql files only.
set(EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_statements.cmake)

function(embed_statements target folder)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.sql)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  add_custom_command(
    OUTPUT ${out}/statements.c ${out}/statements.h
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} "-DFILES=${files}" -P ${EMBED_SCRIPT}
    DEPENDS ${files} ${EMBED_SCRIPT}
    VERBATIM)
  target_sources(${target} PRIVATE ${out}/statements.c ${out}/statements.h)
  target_include_directories(${target} PRIVATE ${out})
endfunction()
