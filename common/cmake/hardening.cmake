# Warnings as errors and the OpenSSF compiler hardening flags, for every target of the project.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Werror -Wformat=2 -Wimplicit-fallthrough -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Werror=format-security -Werror=implicit -Werror=incompatible-pointer-types
  -Werror=int-conversion -fno-delete-null-pointer-checks -fno-strict-aliasing
  -fstack-clash-protection -fstack-protector-strong -fexceptions)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wtrampolines -Wbidi-chars=any -ftrivial-auto-var-init=zero)
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  add_compile_options(-mbranch-protection=standard)
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT SYNCFLEET_SANITIZE)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
# Not under UBSan: an overflow that is defined to wrap is none that it reports.
if(NOT SYNCFLEET_SANITIZE MATCHES undefined)
  add_compile_options(-fno-strict-overflow)
endif()
if(SYNCFLEET_SANITIZE)
  add_compile_options(-fsanitize=${SYNCFLEET_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SYNCFLEET_SANITIZE})
endif()
add_compile_definitions(_GNU_SOURCE)
add_link_options(-pie -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)
